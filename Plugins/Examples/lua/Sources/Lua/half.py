# The Python half of the runner lua: it runs on the target, in a process of its own, under Python 2.7 or 3.6 and later. PRELUDE,
# which stands before this, is the Lua that every module begins with.
import json
import subprocess
import sys


def run(executor, program, files, call, arguments):
    values = dict((name, value) for name, value in json.loads(arguments.decode('utf-8')).items() if not name.startswith('_ansible_'))
    # In the place of the module's first line, so that Lua's messages count lines as the module's author does.
    prelude = ' '.join(line.strip() for line in PRELUDE.splitlines()) + ' args = ' + literal(values)
    source = prelude.encode('ascii') + b'\n' + files[program['entry']].partition(b'\n')[2]
    # What the first line names, or `ansible_lua_interpreter` in its place; None would be this Python.
    words = [word or sys.executable for word in call['interpreter']]
    lua = subprocess.Popen(words + ['-'], stdin=subprocess.PIPE)
    lua.communicate(source)
    return lua.returncode


def literal(value):
    if value is None:
        return 'nil'
    if value is True or value is False:
        return 'true' if value else 'false'
    if isinstance(value, dict):
        return '{%s}' % ', '.join('[%s] = %s' % (literal(name), literal(each)) for name, each in sorted(value.items()))
    if isinstance(value, list):
        return '{%s}' % ', '.join(literal(each) for each in value)
    if hasattr(value, 'encode'):  # also Python 2's unicode: every byte by its number
        return '"%s"' % ''.join('\\%03d' % byte for byte in bytearray(value.encode('utf-8')))
    return json.dumps(value)
