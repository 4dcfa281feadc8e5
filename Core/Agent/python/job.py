"""A run whose module goes on by itself: `start` stands between an executor and its runner's half.

It runs in the half's place, in a namespace of its own: none of the agent's names are here. The job leaves the executor
by two forks and a session, so that nothing that ends with the node reaches it. Its result is a file of ansible-core's own
form (modules/async_wrapper.py), which `async_status` reads: first that it has started, in the end what the module said.
"""
import json
import os
import select
import signal
import sys
import time
import traceback

# Between the kill of a job that took too long and the word of it, in seconds: as ansible-core waits.
AFTER_KILL = 1.0


def start(executor, half, program, files, call, arguments):
    """Answers for the module that the job has started, with ansible-core's JSON on stdout. Returns the code."""
    job = call['job']
    no, yes = job['words']
    folder = os.path.expanduser(os.environ.get('ANSIBLE_ASYNC_DIR') or '~/.ansible_async')
    name = '%s.%d' % (job['id'], os.getpid())
    record = Record(os.path.join(folder, name))
    os.umask(0o22)
    try:
        for path, mode in ((folder, 0o777), (job['directory'], 0o700)):
            if not os.path.isdir(path):
                os.makedirs(path, mode)
        record.write({'started': yes, 'finished': no, 'ansible_job_id': name})
    except EnvironmentError as e:
        print(json.dumps({'failed': yes, 'msg': 'could not create directory: %s - %s' % (folder, e),
                          'exception': traceback.format_exc()}))
        return 1
    executor.directory = job['directory'].encode('utf-8')
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                executor.leave()
                for fd in (1, 2):
                    os.dup2(0, fd)
                supervise(job, record, name, lambda: half['run'](executor, program, files, call, arguments))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    print(json.dumps({'failed': no, 'started': yes, 'finished': no, 'ansible_job_id': name, 'results_file': record.path,
                      '_ansible_suppress_tmpdir_delete': not job['preserve']}))
    return 0


class Record(object):
    def __init__(self, path):
        self.path = path

    def write(self, values):
        """A reader sees what was there before, or all of this."""
        part = self.path + '.tmp'
        with open(part, 'w') as f:
            f.write(json.dumps(values))
        os.rename(part, self.path)


def supervise(job, record, name, run):
    """Runs the module in a process group of its own, and writes what came of it."""
    yes = job['words'][1]
    out, err = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.dup2(out[1], 1)
        os.dup2(err[1], 2)
        for fd in out + err:
            os.close(fd)
        code = 1
        try:
            code = run()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)
    os.close(out[1])
    os.close(err[1])
    try:
        texts = collect((out[0], err[0]), job['limit'])
        if texts is None:
            for target in (os.killpg, os.kill):
                try:
                    target(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(AFTER_KILL)
            record.write({'msg': 'Timeout exceeded', 'failed': yes, 'child_pid': pid})
        else:
            os.waitpid(pid, 0)
            record.write(result(job, name, *texts))
    finally:
        if not job['preserve']:
            remove(job['directory'])


def collect(fds, limit):
    """All that comes until everybody has closed, as text; None when that takes longer than `limit` seconds (0: any time)."""
    pieces = dict((fd, []) for fd in fds)
    deadline = time.time() + limit
    opened = list(fds)
    while opened:
        left = max(deadline - time.time(), 0) if limit else None
        ready = select.select(opened, [], [], left)[0]
        if not ready:
            return None
        for fd in ready:
            data = os.read(fd, 65536)
            if data:
                pieces[fd].append(data)
            else:
                opened.remove(fd)
    return [text(b''.join(pieces[fd])) for fd in fds]


def text(data):
    return data.decode('utf-8', 'replace' if sys.version_info[0] == 2 else 'surrogateescape')


def result(job, name, out, err):
    """What the module said, by ansible-core's rules for what stands around it."""
    try:
        said, junk = between_braces(out)
        values = json.loads(said)
        if junk:
            warnings = values.get('warnings', [])
            values['warnings'] = (warnings if isinstance(warnings, list) else [warnings]) + [
                'Module invocation had junk after the JSON data: ' + junk]
        if err:
            values['stderr'] = err
        return values
    except Exception:
        return {'failed': job['words'][1], 'cmd': job['command'], 'data': out, 'stderr': err,
                'msg': traceback.format_exc(), 'ansible_job_id': name}


def between_braces(out):
    """From the first line that begins with a brace to the last one that ends with one; and what is behind that."""
    lines = out.splitlines()
    begins = [n for n, line in enumerate(lines) if line.strip().startswith('{')]
    if not begins:
        raise ValueError('No start of json char found')
    ends = [n for n, line in enumerate(lines) if n >= begins[0] and line.strip().endswith('}')]
    if not ends:
        raise ValueError('No end of json char found')
    junk = '\n'.join(lines[ends[-1] + 1:])
    return '\n'.join(lines[begins[0]:ends[-1] + 1]), junk if junk.strip() else ''


def remove(path):
    import shutil
    shutil.rmtree(path, True)
