# The Python half of the JSON_ARGS runner. script.py stands before this in the same namespace.
import json


def run(executor, program, files, call, arguments):
    values = json.loads(arguments.decode('utf-8'))
    # In ansible-core's order. The older words were once in what was put into new-style modules, and are replaced wherever
    # they stand. A JSON text in a Python source is written as Python 3 shows bytes.
    shown = repr(arguments)
    source = source_of(program, files)
    for word, text in (
            (b'"<<ANSIBLE_VERSION>>"', repr(str(program['ansible_version']))),
            (b'"<<INCLUDE_ANSIBLE_MODULE_COMPLEX_ARGS>>"', 'b' + shown if PY2 else shown),
            (b'<<SELINUX_SPECIAL_FILESYSTEMS>>', ','.join(values.get('_ansible_selinux_special_fs') or ())),
            (b'<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>', arguments),
            (b'syslog.LOG_USER', 'syslog.' + (values.get('_ansible_syslog_facility') or 'LOG_USER'))):
        source = source.replace(word, as_bytes(text))
    return run_script(executor, program, source, call)
