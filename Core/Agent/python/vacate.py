"""The operation `vacate`: answers when nothing is left here of nodes in an account, which the controller has told to end.

Programs such as userdel refuse to touch an account in which anything runs.
"""

# Seconds between two looks, and after how many of them whoever asked goes on anyway.
INTERVAL = 0.02
PATIENCE = 5.0
# All processes of a node are forks of one that was started with this in its command line.
MARK = b'"MI"b"TO:'


class Vacating(object):
    def __init__(self, agent, stream, uid):
        self._agent = agent
        self._stream = stream
        self._uid = uid
        self._deadline = now() + PATIENCE

    def look(self):
        if now() < self._deadline and self._remain():
            self._agent.loop.after(INTERVAL, self.look)
        else:
            self._stream.reply_json({})

    def _remain(self):
        return [pid for pid in os.listdir('/proc') if pid.isdigit() and self._is_left('/proc/' + pid)]

    def _is_left(self, process):
        try:
            if os.stat(process).st_uid != self._uid:
                return False
            with open(process + '/cmdline', 'rb') as line:
                return MARK in line.read()
        except EnvironmentError:
            return False  # It has ended.


def vacate(agent, stream):
    import pwd
    try:
        uid = pwd.getpwnam(decode_json(stream.parts[1])['account']).pw_uid
    except KeyError:
        uid = None
    # Where there is no /proc nothing can be seen, and this node stays where it is.
    if uid in (None, os.geteuid()) or not os.path.isdir('/proc/1'):
        return stream.reply_json({})
    Vacating(agent, stream, uid).look()


def register(agent):
    agent.operations['vacate'] = lambda stream: vacate(agent, stream)
