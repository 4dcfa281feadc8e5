"""From exec to HELLO: what to do about each thing that a child says. Pure; the twin of Core/Launch/LaunchMachine.

Three rules that a reader could break: a secret is answered only to a prompt (an unterminated last line) and only
before the marker, since whoever reads it otherwise is not who asked; no slot is answered twice, since the second
time means that it was wrong, and accounts get locked; nothing that may hold a secret reaches a message unmasked.
"""


class MarkerSearch(object):
    """Finds the marker in bytes that come in pieces, and holds no more of them than the marker is long."""

    def __init__(self, marker):
        self._marker = marker
        self._held = b''

    def search(self, data):
        """(found, before, after) or None: `;` or `!`, how many of these bytes stand before the marker (less than none
        when it began earlier), and where the bytes behind it begin."""
        offset = len(self._held)
        held = self._held + data
        at = held.find(self._marker)
        while at >= 0:
            end = at + len(self._marker)
            if held[end:end + 1] in (b';', b'!'):
                return held[end:end + 1], at - offset, end + 1 - offset
            if end == len(held):
                break
            at = held.find(self._marker, at + 1)
        self._held = held[-len(self._marker):]
        return None


def end_of(status):
    if os.WIFSIGNALED(status):
        return 'signal %d' % os.WTERMSIG(status)
    return 'exit status %d' % os.WEXITSTATUS(status)


class LaunchRetries(object):
    """When a launch that failed is tried again; the twin of Core/Launch/LaunchRetries."""

    # More would last for hours.
    MOST = 1000

    def __init__(self, plan):
        self._left = min(plan.get('retries', 0), self.MOST)
        self._pause = 0

    def failed(self, code):
        """Seconds to wait before the next attempt, or None."""
        if self._left <= 0 or code != 'unreachable':
            return None
        self._left -= 1
        pause, self._pause = self._pause, min(self._pause * 2 + 1, 30)
        return pause


class LaunchMachine(object):
    """Events in, actions out: ('answer', slot, 'tty'|'stdin'), ('deliver', rest), ('fail', code, message, hint),
    ('keep_shell', code, message, hint), ('log', text), ('ready',)."""

    WAITING_FOR_MARKER, WAITING_FOR_HELLO, READY, FAILED, SHELL = range(5)

    def __init__(self, plan, secrets, nonce, candidates=()):
        self._plan = plan
        self._secrets = secrets
        self._candidates = candidates
        self._link = 'tty' if plan.get('stdio') == 'tty' else 'stdout'
        self._rules = [PromptRule(rule) for rule in plan.get('prompts') or ()]
        self._marker = b'MITO:' + to_bytes(nonce)
        self._search = MarkerSearch(self._marker)
        self._lines = {}
        self._answered = set()
        masked = [to_bytes(s) for s in secrets.values()]
        # stderr and the terminal, where errors are said; and the link before the marker: profiles and the like.
        self._spoken = Transcript(masked)
        self._noise = Transcript(masked)
        self.state = self.WAITING_FOR_MARKER

    # -- events --

    def received(self, data, source):
        """`source`: 'stdout', 'stderr' or 'tty'."""
        if self.state != self.WAITING_FOR_MARKER:
            if source == self._link:
                return []
            self._spoken.append(data)
            return self._read(data, source) if self.state != self.FAILED else []
        transcript = self._noise if source == 'stdout' else self._spoken
        found = self._search.search(data) if source == self._link else None
        if found:
            end, before, after = found
            transcript.append(data[:max(before, 0)])
            transcript.remove_last(max(-before, 0))
            if end == b'!':
                failure = self._no_python()
                # A terminal echoes, and cuts lines.
                if self._link == 'tty' or self._changes_account():
                    return [failure]
                self.state = self.SHELL
                return [('keep_shell',) + failure[1:]]
            self.state = self.WAITING_FOR_HELLO
            return [('deliver', data[after:])]
        transcript.append(data)
        return self._read(data, source)

    def search_began(self):
        """The shell was told to look for a Python again."""
        if self.state == self.SHELL:
            self.state = self.WAITING_FOR_MARKER
            self._search = MarkerSearch(self._marker)

    def ended(self, status):
        """The child has ended with this status of waitpid, and all that it said before was received."""
        if self.state == self.SHELL:
            return [self._fail('node_lost', self.told('the shell there ended with %s' % end_of(status)))]
        if self.state > self.WAITING_FOR_HELLO:
            return []
        explained = self._explained(self._spoken.bytes)
        if not explained and self.state == self.WAITING_FOR_MARKER:
            explained = self._explained(self._noise.bytes, stdout=True)
        if explained:
            return explained
        end = end_of(status)
        if self.state == self.WAITING_FOR_HELLO:
            return [self._fail(self._general(), self.told(
                'ended with %s after Python was started, before the agent answered' % end))]
        if end in ('exit status 126', 'exit status 127'):
            return [self._fail(
                'no_python', self.told('the interpreter could not be started (%s)' % end),
                'Set ansible_python_interpreter to a Python that is there.')]
        return [self._fail(self._general(), self.told('ended with %s before Python was started' % end))]

    def could_not_start(self, program, reason):
        """The program itself: where the plan begins with the interpreter, that is what is missing."""
        explained = self._explained(u'%s: %s' % (program, reason))
        if explained:
            return explained
        message = u'%s: could not start %s: %s' % (self._plan['description'], program, reason)
        if self._starts_python():
            return [self._fail('no_python', message, 'Set ansible_python_interpreter to a Python that is there.')]
        return [self._fail(self._general(), message, 'Install it there, or set the variable that names its path.')]

    def deadline_passed(self):
        if self.state > self.WAITING_FOR_HELLO:
            return []
        seconds = '%g' % self._plan.get('timeout', 10)
        if self.state == self.WAITING_FOR_HELLO:
            message = 'Python was started, but the agent did not answer within %s s' % seconds
        else:
            message = 'no Python was started within %s s' % seconds
        return [self._fail('timeout', self.told(message), 'Raise the timeout, or see what it waits for.')]

    def hello_received(self):
        if self.state != self.WAITING_FOR_HELLO:
            return []
        self.state = self.READY
        return [('ready',)]

    # -- prompts --

    def _read(self, data, source):
        actions = []
        line = self._lines.setdefault(source, PromptLine())
        for piece, end in split_lines(data):
            line.append(piece)
            action = self._act(line, bool(end), source)
            if action:
                actions.append(action)
            if self.state == self.FAILED:
                return actions
            if end:
                line.clear()
        return actions

    def _act(self, line, complete, source):
        """By the first rule that matches and can act. One that sends needs a prompt; one that logs, the whole line, and
        it alone acts once Python runs."""
        starting = self.state == self.WAITING_FOR_MARKER
        for rule in self._rules:
            if rule.on not in (None, source) or not rule.matches(line):
                continue
            then = rule.then
            if 'send' in then:
                if complete or not starting:
                    continue
                # What follows in this line is no part of the prompt that was answered.
                line.clear()
                return self._answer(then['send'], source)
            if 'fail' in then:
                if not starting:
                    continue
                failure = then['fail']
                return self._fail(failure['code'], self.told(failure['message']), failure.get('hint', ''))
            elif complete and line.bytes:
                return ('log', u'%s: %s' % (self._plan['description'], self._spoken.shown(line.bytes)))
        return None

    def _answer(self, slot, source):
        if not self._secrets.get(slot):
            return self._fail('authentication', self.told('needs a password, none was given'),
                              'Set %s.' % self._variable(slot))
        if slot in self._answered:
            return self._fail('authentication', self.told('the password was not accepted'),
                              'Check %s.' % self._variable(slot))
        self._answered.add(slot)
        return ('answer', slot, 'tty' if source == 'tty' else 'stdin')

    # -- words --

    def _fail(self, code, message, hint=''):
        self.state = self.FAILED
        return ('fail', code, message, hint)

    def _explained(self, said, stdout=False):
        """The failure by the first of the plan's hints whose text stands there; nothing if there is none."""
        words = fold(said)
        for hint in self._plan.get('hints') or ():
            if (hint.get('on') == 'stdout') is stdout and fold(hint['contains']) in words:
                return [self._fail(hint['code'], self.told(hint['message']), hint.get('hint', ''))]
        return []

    def told(self, message):
        seen = self._spoken.last_seen() or self._noise.last_seen()
        return u'%s: %s' % (self._plan['description'], message) + (u'; last seen: ' + seen if seen else u'')

    def _changes_account(self):
        return self._plan.get('interpreter', 'direct') == 'direct'

    def _starts_python(self):
        return self._plan['argv'][0] == {'bootstrap': 'argv'}

    def _general(self):
        """A hop that changes the account fails as `become`: Ansible then reports a failed task, not a lost host.
        It runs an interpreter directly, through some other program."""
        return 'become' if self._changes_account() and not self._starts_python() else 'unreachable'

    def _variable(self, slot):
        if slot == 'become_password' or slot == 'password' and self._changes_account():
            return 'ansible_become_password'
        if slot == 'private_key_passphrase':
            return 'ansible_private_key_passphrase'
        return 'ansible_password' if slot == 'password' else 'the option "%s"' % slot

    def _no_python(self):
        looked_for = u'; looked for: ' + u', '.join(self._candidates) if self._candidates else u''
        return self._fail('no_python', u'%s: no Python was found' % self._plan['description'] + looked_for,
                          'Install Python there, or set ansible_python_interpreter.')
