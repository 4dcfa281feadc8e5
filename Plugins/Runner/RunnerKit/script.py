# What the Python halves of all runners of programs share: files in the node's private directory, and a process that is
# waited for. Stock Ansible transfers module and arguments as two files for each task and removes them afterwards; here
# they come with the call and are written beside each other, so that a module that looks where it lies finds the same.
#
# Python 2.7 and 3.6 to 3.14. (Comments, not docstrings: what stands inside a half is no docstring, and would travel.)
import errno
import os
import signal
import sys

PY2 = sys.version_info[0] == 2
# What every Python ignores, and no program that it starts should.
IGNORED_BY_PYTHON = ('SIGPIPE', 'SIGXFSZ')
STATE = {'folder': None, 'count': 0}


def folder(executor):
    # One for each task, below the directory that goes with the node and lets nobody else in.
    STATE['count'] += 1
    path = os.path.join(executor.directory, b'ansible-module-%d-%d' % (os.getpid(), STATE['count']))
    os.mkdir(path, 0o700)
    STATE['folder'] = path
    return path


def write(path, content, mode):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        view = memoryview(content)
        while len(view):
            view = view[os.write(fd, view):]
    finally:
        os.close(fd)
    return path


def name_of(program):
    # As ansible-core calls what it transfers.
    return b'AnsiballZ_' + as_bytes(program['entry'])


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode('utf-8', 'strict' if PY2 else 'surrogateescape')


def execute(argv, call, path=None):
    # Runs a program to its end and returns its code, as a shell would give it. `path`: the file, if it is not argv[0].
    pid = os.fork()
    if pid == 0:
        code = 126
        try:
            for name in IGNORED_BY_PYTHON:
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
            if call.get('merge'):
                os.dup2(1, 2)
            os.execvpe(path or argv[0], argv, os.environ)
        except EnvironmentError as e:
            # ansible-core looks for these words of the shell's.
            code, said = (127, 'not found') if e.errno == errno.ENOENT else (126, e.strerror)
            os.write(2, b'/bin/sh: 1: ' + argv[0] + as_bytes(': %s\n' % said))
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def run_script(executor, program, source, call, arguments=None):
    # `arguments`: the content of a file whose name is the script's one argument. The interpreter is what the controller's
    # side found for this script, in which None stands for the node's own Python; the first line is made to say the same.
    here = folder(executor)
    argv = [as_bytes(word or sys.executable) for word in call['interpreter']]
    lines = [b'#!' + b' '.join(argv)]
    if call.get('coding'):
        lines.append(b'# -*- coding: utf-8 -*-')
    lines.append(source.partition(b'\n')[2])
    argv.append(write(os.path.join(here, name_of(program)), b'\n'.join(lines), 0o700))
    if arguments is not None:
        argv.append(write(os.path.join(here, b'args'), arguments, 0o600))
    return execute(argv, call)


def source_of(program, files):
    return files[program['entry']]


def clean(executor):
    here, STATE['folder'] = STATE['folder'], None
    if here is not None:
        remove(here)
    return None


def remove(path):
    # The module may have put more beside itself.
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            for name in os.listdir(path):
                remove(os.path.join(path, name))
            os.rmdir(path)
        else:
            os.unlink(path)
    except OSError:
        pass
