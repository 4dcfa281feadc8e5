"""From the first stage to the loop. `b` is what the first stage read: the compressed core."""

SHARED = globals()


def move_link():
    """Moves the link off descriptors 0 to 2: a child that keeps one of them would keep, say, ssh open."""
    link = keep_private(os.dup(0))[0], keep_private(os.dup(1))[0]
    complaints = keep_private(os.dup(2))[0]
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    return link, complaints


def main():
    (read_fd, write_fd), complaints = move_link()
    for name in ('SIGHUP', 'SIGTERM', 'SIGINT', 'SIGPIPE'):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    agent = Agent(bytes(SHARED.get('b', b'')))
    try:
        agent.start(read_fd, write_fd)
        agent.serve()
    except Exception:
        import traceback
        write(complaints, to_bytes(traceback.format_exc()))
    finally:
        os._exit(1)


if __name__ == '__main__':
    main()
