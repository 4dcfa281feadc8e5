#!/usr/bin/python
import os
import signal
import sys
import time

from ansible.module_utils.basic import AnsibleModule


def crash(module):
    os.kill(os.getpid(), signal.SIGSEGV)


def exit(module):
    os._exit(0)


def garbage(module):
    getattr(sys.stdout, "buffer", sys.stdout).write(b"\xff\xfe no result \x00" * 100)
    sys.stdout.flush()
    os._exit(0)


def garbage_before(module):
    print("words of a library that thinks it is alone")
    print("and more of them")


def linger(module):
    """The child keeps stdout and stderr open, as a careless daemon does, until long after the task."""
    if os.fork() == 0:
        os.execvp('sleep', ['sleep', '4323'])


def close(module):
    os.closerange(0, 1024)
    os._exit(0)


def scribble(module):
    for fd in range(3, 256):
        try:
            os.write(fd, b"\x00\x00\xff\xff" * 64)
        except OSError:
            pass


def rearrange(module):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    os.environ.clear()
    os.umask(0o777)
    os.chdir("/proc")
    sys.path[:] = []
    sys.modules.pop("json", None)


def much(module):
    for _ in range(50):
        os.write(1, b"x" * 1000000)
    os._exit(0)


def tell(module):
    module.exit_json(changed=False, told="x" * 50000000)


def sleep(module):
    time.sleep(60)


def main():
    module = AnsibleModule(argument_spec=dict(misdeed=dict(type="str", required=True)))
    globals()[module.params["misdeed"]](module)
    module.exit_json(changed=False, said=module.params["misdeed"])


if __name__ == "__main__":
    main()
