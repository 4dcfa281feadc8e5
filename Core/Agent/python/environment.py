"""The environment that PAM gives to every new session, by the rules of `environment_changes`. Pure."""


def environment_of(data):
    """Names and values of a file that pam_env reads: `NAME=VALUE`, or `NAME DEFAULT=VALUE OVERRIDE=VALUE`."""
    found = {}
    for line in (data.decode('utf-8', 'replace').encode('utf-8') if PY2 else os.fsdecode(data)).split('\n'):
        line = line.partition('#')[0].strip()
        if line.startswith('export '):
            line = line[7:].strip()
        name, sign, value = line.partition('=')
        words = name.split()
        if words[1:] in (['DEFAULT'], ['OVERRIDE']):
            del words[1:]
            default, _, override = value.partition('OVERRIDE=')
            value = os.path.expandvars((override or default).strip().replace('@{', '${'))
        if value[:1] in ('"', "'"):
            value = value[1:-1] if value[-1] in '"\'' else value[1:]
        if sign and len(words) == 1 and words[0].replace('_', '').isalnum():
            found[words[0]] = value
    return found


def environment_changes(before, after, environment):
    """What to set, and (None) to remove, after such a file has changed.

    What is new in it is added where the environment has no such name. What it has another value for is set, and what
    it has no more is removed, if the environment has the value that it had before. Any other value came from elsewhere,
    such as /etc/profile, and stays.
    """
    changes = {}
    for name in set(before) | set(after):
        old, new = before.get(name), after.get(name)
        if old != new and environment.get(name) in (None, old) and environment.get(name) != new:
            changes[name] = new
    return changes
