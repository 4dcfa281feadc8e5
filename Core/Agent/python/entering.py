"""Into a container: accounts of a root that is not ours, and the words of what stands in the way. Pure.

The twins of Core/CSystem/account.c and Core/Launch/EntryObstacle; both sides are compared with Tests/Vectors/accounts.json
and Tests/Vectors/launch/entering.json.
"""

# Of an account that is in more, the others are left out.
ACCOUNT_GROUPS = 1024
# Seconds from joining to exec: what a container has under any path may never answer.
ENTRY_LIMIT = 5
ENTRY_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


class EntryError(Exception):
    """`obstacle`: open, here, join, root, user, group, account or time; `number`: the errno."""

    def __init__(self, obstacle, number=0):
        Exception.__init__(self, obstacle)
        self.obstacle = obstacle
        self.number = number


class Account(object):
    def __init__(self, uid, gid, name=b'', home=b'/', shell=b'/bin/sh'):
        self.uid = uid
        self.gid = gid
        self.name = name
        self.home = home or b'/'
        self.shell = shell or b'/bin/sh'
        self.groups = []


def split_user(text):
    """The user and the group (or None) of `USER[:GROUP]`, as bytes."""
    user, _, group = to_bytes(text).partition(b':')
    return user or b'0', group or None


def find_account(passwd, group, user, group_name):
    """By the contents of /etc/passwd and /etc/group; EntryError for what is not there. A number needs no entry."""
    number = account_number(user)
    account = None
    for fields in account_lines(passwd, 4):
        uid, gid = account_number(fields[2]), account_number(fields[3])
        if None not in (uid, gid) and (fields[0] == user or uid == number):
            account = Account(uid, gid, fields[0], fields[5], fields[6])
            break
    if account is None:
        if number is None:
            raise EntryError('user', errno.ENOENT)
        account = Account(number, 0)
    groups = [(fields, account_number(fields[2])) for fields in account_lines(group, 3)]
    if group_name:
        asked = account_number(group_name)
        named = [gid for fields, gid in groups if gid is not None and (fields[0] == group_name or gid == asked)]
        if not named and asked is None:
            raise EntryError('group', errno.ENOENT)
        account.gid = named[0] if named else asked
    elif account.name:
        account.groups = [gid for fields, gid in groups if gid is not None and account.name in fields[3].split(b',')]
    del account.groups[ACCOUNT_GROUPS:]
    return account


def account_lines(data, least):
    """The fields of each line that has enough of them; the seven that there may be, missing ones empty."""
    for line in data.split(b'\n'):
        fields = line.split(b':')[:7]
        if len(fields) >= least:
            yield fields + [b''] * (7 - len(fields))


def account_number(text):
    """Decimal digits only; the last number means "no change" to the kernel."""
    number = int(text) if text and not text.strip(b'0123456789') else None
    return number if number is not None and number < 0xffffffff else None


def entry_environment(account, changes):
    """What a program begins with in there, with `changes`; None removes."""
    name = account.name
    environment = {'PATH': ENTRY_PATH}
    for key, value in (('HOME', account.home), ('USER', name), ('LOGNAME', name), ('SHELL', account.shell)):
        if value:
            environment[key] = value
    for key, value in (changes or {}).items():
        key = to_bytes(key) if PY2 else key
        if value is None:
            environment.pop(key, None)
        else:
            environment[key] = to_bytes(value)
    return environment


def entry_candidates(name, path):
    """What the file to execute may be, in order."""
    if b'/' in name:
        return [name]
    return [(folder or b'.') + b'/' + name for folder in path.split(b':')]


def entry_failure(plan, obstacle, number):
    """(code, message, hint)."""
    enter = plan['enter']
    user, group = [to_text(part or b'') for part in split_user(enter.get('user', '0'))]
    reason = os.strerror(number)
    code, hint = 'unreachable', ''
    if number == errno.ESRCH and obstacle in ('open', 'join') or number == errno.ENOENT and obstacle == 'open':
        message, hint = 'its first process, %d, has ended' % enter['pid'], 'Start it again.'
    elif obstacle == 'here':
        message = 'process %d is none of its: it is in our own namespaces' % enter['pid']
        hint = 'Start it again.'
    elif obstacle in ('open', 'join', 'root'):
        message = 'the namespaces of process %d cannot be entered: %s' % (enter['pid'], reason)
        if number in (errno.EPERM, errno.EACCES):
            hint = 'That takes root: connect as root, or through a hop that becomes root.'
        elif number == errno.ENOSYS:
            hint = 'The Python there has neither os.setns nor ctypes: set ansible_python_interpreter of the hop before.'
    elif obstacle == 'user':
        message = u'there is no user "%s" in its /etc/passwd' % user
        hint = 'Set ansible_user to one that is there.'
    elif obstacle == 'group':
        message = u'there is no group "%s" in its /etc/group' % group
        hint = 'Set ansible_user without it, or to one that is there.'
    elif obstacle == 'account':
        message = u'user "%s" cannot be become in it: %s' % (user, reason)
        hint = 'Set ansible_user to one that its user namespace has.'
    else:
        code, message = 'timeout', 'it let nothing be executed within %d s' % ENTRY_LIMIT
        hint = 'See whether its file system answers.'
    return code, u'%s: %s' % (plan['description'], message), hint
