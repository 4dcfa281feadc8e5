# The Python half of the binary runner. script.py stands before this in the same namespace.
#
# The program is in the node's memory already. Where the kernel lets a file in memory be executed, nothing is copied: it is
# made once in an executor and kept. Elsewhere it is written once for the node's life, under the name of its content.

# Content's hash -> what to execute.
PROGRAMS = {}


def run(executor, program, files, call, arguments):
    here = folder(executor)
    name = program['files'][program['entry']]
    path = PROGRAMS.get(name)
    if path is None:
        path = PROGRAMS[name] = in_memory(executor, source_of(program, files)) or on_disk(
            executor, as_bytes(name), source_of(program, files))
    # Where it would lie: it may look for what is beside it.
    shown = os.path.join(here, name_of(program))
    return execute([shown, write(os.path.join(here, b'args'), arguments, 0o600)], call, path)


def in_memory(executor, content):
    # None where the system cannot, and for what an interpreter would have to open by its name.
    if content.startswith(b'#!') or not hasattr(os, 'memfd_create'):
        return None
    try:
        fd = os.memfd_create('module')
    except OSError:
        return None
    try:
        view = memoryview(content)
        while len(view):
            view = view[os.write(fd, view):]
        path = '/proc/self/fd/%d' % fd
        # The system's rule may forbid it (vm.memfd_noexec).
        if os.access(path, os.X_OK):
            executor.keep(fd)
            return path
    except OSError:
        pass
    os.close(fd)
    return None


def on_disk(executor, name, content):
    path = os.path.join(executor.directory, b'program-' + name)
    if not os.path.exists(path):
        # Another executor may be at it.
        part = path + b'.%d' % os.getpid()
        write(part, content, 0o700)
        os.rename(part, path)
    return path
