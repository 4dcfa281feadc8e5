"""Several runs of one program in one call: `start` stands between an executor and its runner's half.

It runs in the half's place, in a namespace of its own: none of the agent's names are here. The arguments are parts (wire.py),
three for each run: the module's own arguments, the path of a file that it reads, or nothing, and the content of that file.
On stdout and on stderr a line with `mark` and the code ends what each has written. Behind one that fails none is run.
"""
import os
import struct
import sys


def start(executor, half, program, files, call, arguments):
    batch = call['batch']
    if not os.path.isdir(batch['directory']):
        os.makedirs(batch['directory'], 0o700)
    for module_arguments, path, content in runs_of(arguments):
        if path:
            write_new(path, content)
        code = int(half['run'](executor, program, files, call, module_arguments) or 0)
        if 'clean' in half:
            half['clean'](executor)
        end_output(batch['mark'], code)
        if path and os.path.lexists(path):
            os.unlink(path)
        if code:
            break
    return 0


def runs_of(message):
    count, = struct.unpack_from('>H', message)
    at, parts = 2 + 4 * count, []
    for length in struct.unpack_from('>%dI' % count, message, 2):
        parts.append(message[at:at + length])
        at += length
    return zip(parts[0::3], parts[1::3], parts[2::3])


def write_new(path, content):
    if os.path.lexists(path):
        os.unlink(path)
    # As files that are transferred one by one: executable for their owner, and the directory lets nobody else in.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
    with os.fdopen(fd, 'wb') as f:
        f.write(content)


def end_output(mark, code):
    line = ('\n%s %d\n' % (mark, code)).encode('ascii')
    for output, fd in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            output.flush()
        finally:
            os.write(fd, line)
