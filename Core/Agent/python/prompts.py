"""What a program says on its way: its lines, the rules that match them, and a transcript that is fit to be shown.

Pure. Bytes throughout; the Swift twins are PromptLine and Transcript in Core/Launch, and both pass Tests/Vectors/launch.
"""


def fold(data):
    """ASCII letters in lower case, and only those, as bytes."""
    return to_bytes(data).lower() if not PY2 else ''.join(
        [c.lower() if 'A' <= c <= 'Z' else c for c in to_bytes(data)])


class PromptLine(object):
    """The last line of what one descriptor says. A prompt is what stands there with nothing behind it.

    Both newline and carriage return end a line. A line beyond LIMIT loses its front.
    """

    LIMIT = 4096

    def __init__(self):
        self.clear()

    def clear(self):
        self.bytes = b''
        self.lost_front = False

    def append(self, data):
        self.bytes += data
        while len(self.bytes) > self.LIMIT:
            self.bytes = self.bytes[self.LIMIT // 2:]
            self.lost_front = True


def split_lines(data):
    """[(bytes, the newline or carriage return behind them, or nothing at the end)], in order."""
    lines = []
    at = 0
    for index in range(len(data)):
        end = data[index:index + 1]
        if end in (b'\n', b'\r'):
            lines.append((data[at:index], end))
            at = index + 1
    if at < len(data):
        lines.append((data[at:], b''))
    return lines


class PromptRule(object):
    """A rule of a plan, made ready to be compared."""

    def __init__(self, rule):
        self.match = rule['match']
        self.on = rule.get('on')
        self.then = rule['then']
        self._text = fold(rule['text'])
        self._prefix = fold(rule.get('prefix') or '')

    def matches(self, line):
        text = fold(line.bytes)
        if self.match == 'contains':
            return self._text in text
        if line.lost_front:
            return False
        if self.match == 'prefix':
            return text.startswith(self._text)
        return text.startswith(self._prefix) and self._text in text[len(self._prefix):]


class Transcript(object):
    """The last of what a program said, for messages: secrets are masked and control characters left out, since the
    program may echo an answer, and its words end up on the user's terminal."""

    LIMIT = 8192
    LINES = 3
    CHARACTERS = 500

    def __init__(self, secrets):
        # The longest first: one may be the beginning of another.
        self._secrets = sorted([s for s in secrets if s], key=len, reverse=True)
        # Kept beyond LIMIT, so that a secret at the front is recognised when its beginning would be cut off.
        self._margin = len(self._secrets[0]) if self._secrets else 0
        self._lost_front = False
        self.bytes = b''

    def append(self, data):
        self.bytes += data
        if len(self.bytes) > self.LIMIT + self._margin:
            self.bytes = self.bytes[-self.LIMIT - self._margin:]
            self._lost_front = True

    def remove_last(self, count):
        if count:
            self.bytes = self.bytes[:-count]

    def text(self):
        return self.shown(self.bytes, self._margin if self._lost_front else 0)

    def last_seen(self):
        """The last lines that say something, joined by `; `."""
        lines = self.text().replace(u'\r', u'\n').split(u'\n')
        lines = [line for line in [line.strip(u' \t') for line in lines] if line]
        joined = u'; '.join(lines[-self.LINES:])
        return joined if len(joined) <= self.CHARACTERS else u'...' + joined[-self.CHARACTERS:]

    def shown(self, data, start=0):
        """Text for a message; what stands before `start` is only looked at for secrets."""
        masked = []
        at = 0
        while at < len(data):
            found = [s for s in self._secrets if data.startswith(s, at)]
            piece = b'<secret>' if found else data[at:at + 1]
            if at >= start:
                masked.append(piece)
            at += len(found[0]) if found else 1
        return without_controls(to_text(b''.join(masked)))


def without_controls(text):
    """Without escape sequences (ESC `[` up to a letter) and other control characters but newline and tab."""
    kept = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == u'\x1b' and text[at:at + 1] == u'[':
            at += 1
            while at < len(text) and not u'@' <= text[at] <= u'~':
                at += 1
            at += 1
        elif character in u'\n\r\t' or not (character < u' ' or u'\x7f' <= character <= u'\x9f'):
            kept.append(character)
    return u''.join(kept)
