"""The operation `trace`: from here on a log file on this machine has what the node does, for MITOGEN_ROUTER_DEBUG.

No payload is in it, and what is logged was masked before.
"""


class LogFile(object):
    def __init__(self):
        self.path = '/tmp/mitogen.%d.log' % os.getpid()
        try:
            # Of a process that had our number; or a link, through which nothing may be written.
            os.unlink(self.path)
        except OSError:
            pass
        self._fd = keep_private(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))[0]

    def write(self, text):
        moment = time.time()
        stamp = time.strftime('%H:%M:%S', time.localtime(moment)) + '.%03d ' % (moment % 1 * 1000)
        write(self._fd, to_bytes(stamp) + to_bytes(text) + b'\n')


def start_tracing(agent, stream):
    try:
        file = LogFile()
    except OSError as e:
        return stream.fail('internal', 'no log file: /tmp/mitogen.%d.log: %s' % (os.getpid(), e.strerror))
    agent.trace = file.write
    agent.trace('node %d, Python %s, pid %d' % (agent.node, sys.version.split()[0], os.getpid()))
    stream.reply_json({'path': file.path})


def register(agent):
    agent.operations['trace'] = lambda stream: start_tracing(agent, stream)
