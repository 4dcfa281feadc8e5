"""Starting programs: in every part that does."""


def spawn(argv, environment, directory, fds, terminal=None, program=None):
    """Starts a program in a session of its own and returns its pid; OSError says what could not be started.

    `environment`: changes; None removes. `terminal`: a descriptor that becomes its controlling terminal.
    `program`: its path, where `argv` begins with another name for it.
    """
    failed, failure = pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            if terminal is not None:
                import fcntl
                import termios
                fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
            default_signals(('SIGPIPE', 'SIGXFSZ', 'SIGINT'))
            for name in ('SIGPIPE', 'SIGXFSZ', 'SIGINT'):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
            place_fds(fds)
            if directory:
                os.chdir(to_bytes(directory))
            os.execvpe(to_bytes(program or argv[0]), [to_bytes(a) for a in argv], changed_environment(environment))
        except EnvironmentError as e:
            write(failure, b'%d' % (e.errno or 0) if not PY2 else str(e.errno or 0))
        finally:
            os._exit(127)
    close(failure)
    number = read(failed, 16)
    close(failed)
    if number:
        os.waitpid(pid, 0)
        raise OSError(int(number), os.strerror(int(number)))
    return pid


def changed_environment(changes):
    environment = dict(os.environ)
    for name, value in (changes or {}).items():
        name = to_bytes(name) if PY2 else name
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = to_bytes(value)
    return environment
