#!/usr/bin/env python3
"""A router for tests: speaks the client's part of the wire and runs everything on this machine.

    fake_router.py router --listen-fd N --watch-pid PID --directory DIR

FAKE_ROUTER_LOG names a file that gets one JSON line for each request: its header, hops and call, and a number for the
link that it came on. Hops are recorded, not opened. FAKE_ROUTER_CANNED is the output of every module, which then does not run. A hop of an ssh host named `refused.example` is unreachable; `sudo` to `locked` asks for a password.
"""

import argparse
import hashlib
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

HEADER = struct.Struct('>IIIBBH')
HELLO, LOG, REQUEST, REPLY, DATA, END, CREDIT, ERROR = 1, 8, 16, 17, 18, 19, 20, 22

#: Of links.
NUMBERS = itertools.count(1)
#: Where the build leaves the plugins and what they declare.
BUILT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '.build', 'release')

RUN = """
import sys, runpy
sys.path.insert(0, %(parent)r)
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = sys.stdin.buffer.read()
basic._ANSIBLE_PROFILE = 'legacy'
sys.argv = [%(path)r]
if %(name)r:
    runpy.run_module(%(name)r, run_name='__main__')
else:
    runpy.run_path(%(path)r, run_name='__main__')
"""


def built_methods():
    """What the real router answers to `catalogue`, read from the manifests of the build."""
    found = []
    for name in sorted(os.listdir(BUILT)):
        if name.endswith('.manifest.json'):
            with open(os.path.join(BUILT, name)) as file:
                found += [plugin for plugin in json.load(file)['plugins'] if plugin['kind'] == 'connection']
    return found


class Refusal(Exception):
    def __init__(self, code, message, hint=''):
        super().__init__(message)
        self.error = {'code': code, 'message': message, 'hint': hint}


def decode_parts(message):
    count, = struct.unpack_from('>H', message)
    at, parts = 2 + 4 * count, []
    for length in struct.unpack_from('>%dI' % count, message, 2):
        parts.append(message[at:at + length])
        at += length
    return parts


class Connection:
    def __init__(self, link, directory, log):
        self.link, self.directory, self.log = link, directory, log
        self.number = next(NUMBERS)
        self.sending = threading.Lock()
        self.streams, self.credit = {}, {}
        self.more_credit = threading.Condition()

    def send(self, kind, payload=b'', stream=0, flags=0):
        with self.sending:
            self.link.sendall(HEADER.pack(len(payload), 0, stream, kind, flags, 0) + payload)

    def read(self, count):
        data = b''
        while len(data) < count:
            piece = self.link.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def serve(self):
        try:
            while True:
                length, _, stream, kind, flags, _ = HEADER.unpack(self.read(HEADER.size))
                payload = self.read(length)
                if kind == HELLO:
                    self.send(HELLO, json.dumps({'mitogen': 1, 'features': [], 'version': 'fake',
                                                 'pid': os.getpid()}).encode())
                elif kind == CREDIT:
                    with self.more_credit:
                        self.credit[stream] = self.credit.get(stream, 262144) + struct.unpack('>I', payload)[0]
                        self.more_credit.notify_all()
                elif kind in (REQUEST, DATA):
                    entry = self.streams.setdefault(stream, [[], [], kind])
                    entry[0 if kind == REQUEST else 1].append(payload)
                    self.send(CREDIT, struct.pack('>I', length), stream)
                    if kind == REQUEST and not flags & 1 and not self.awaits_data(stream):
                        self.start(stream)
                elif kind == END and stream in self.streams:
                    self.start(stream)
        except (EOFError, OSError):
            self.link.close()

    def awaits_data(self, stream):
        parts = self.parts(stream)
        head = json.loads(parts[0])
        if head['op'] != 'put' or head.get('source'):
            return False
        call = json.loads(parts[1 + head['hops']])
        return call['size'] != len(parts[2 + head['hops']])

    def parts(self, stream):
        payload = b''.join(self.streams[stream][0])
        (count,) = struct.unpack_from('>H', payload)
        lengths = struct.unpack_from('>%dI' % count, payload, 2)
        at, parts = 2 + 4 * count, []
        for length in lengths:
            parts.append(payload[at:at + length])
            at += length
        return parts

    def start(self, stream):
        threading.Thread(target=self.answer, args=(stream,), daemon=True).start()

    def answer(self, stream):
        parts, content = self.parts(stream), b''.join(self.streams.pop(stream)[1])
        head = json.loads(parts[0])
        hops = [json.loads(hop) for hop in parts[1:1 + head['hops']]]
        rest = parts[1 + head['hops']:]
        if head['op'] not in ('catalogue', 'recognise'):
            self.record(head, hops, rest)
        try:
            for hop in hops:
                if hop['options'].get('host') == 'refused.example':
                    raise Refusal('unreachable', 'ssh to %s: connection refused' % hop['name'], 'Is sshd running?')
                if hop['method'] == 'sudo' and hop['options'].get('become_user') == 'locked' and not hop['secrets']:
                    raise Refusal('become', 'sudo to locked needs a password, none was given')
            answer = getattr(self, 'op_' + head['op'])(head, rest, content)
        except Refusal as refusal:
            self.send(ERROR, json.dumps(refusal.error).encode(), stream)
            return
        except Exception as error:
            self.send(ERROR, json.dumps({'code': 'internal', 'message': repr(error), 'hint': ''}).encode(), stream)
            return
        payload = struct.pack('>H', len(answer)) + b''.join(struct.pack('>I', len(p)) for p in answer)
        payload += b''.join(answer)
        for at in range(0, len(payload), 131072):
            piece = payload[at:at + 131072]
            with self.more_credit:
                self.more_credit.wait_for(lambda: self.credit.get(stream, 262144) >= len(piece))
                self.credit[stream] = self.credit.get(stream, 262144) - len(piece)
            self.send(REPLY, piece, stream, 1 if at + 131072 < len(payload) else 0)

    def record(self, head, hops, rest):
        if self.log:
            call = json.loads(rest[0]) if rest and rest[0][:1] == b'{' else None
            line = json.dumps({'header': head, 'hops': hops, 'call': call, 'link': self.number}) + '\n'
            with open(self.log, 'a') as file:
                file.write(line)

    # Operations

    def op_catalogue(self, head, rest, content):
        return [json.dumps(built_methods()).encode()]

    def op_recognise(self, head, rest, content):
        return [b'{}']

    def op_node(self, head, rest, content):
        return [json.dumps({'mitogen': 1, 'python': sys.executable, 'version': list(sys.version_info[:3]),
                            'home': os.path.expanduser('~'), 'user': 'me', 'uid': os.getuid()}).encode()]

    def op_run(self, head, rest, content):
        canned = os.environ.get('FAKE_ROUTER_CANNED')
        if canned:
            return [b'{"rc":0}', canned.encode(), b'']
        call, module = json.loads(rest[0]), head['module']
        parent, path = os.path.dirname(module['ansible']), module['path']
        inside = os.path.relpath(path, parent)
        name = '' if inside.startswith('..') else os.path.splitext(inside)[0].replace(os.sep, '.')
        code = RUN % {'parent': parent, 'path': path, 'name': name}
        if head.get('through') == 'batch':
            return self.batch([sys.executable, '-c', code], call, decode_parts(rest[1]))
        answer = self.spawn([sys.executable, '-c', code], call, rest[1])
        return self.job(call, answer[1]) if head.get('through') == 'job' else answer

    def batch(self, argv, call, parts):
        outputs = [b'', b'']
        os.makedirs(call['batch']['directory'], exist_ok=True)
        for arguments, path, content in zip(parts[0::3], parts[1::3], parts[2::3]):
            if path:
                with open(path, 'wb') as file:
                    file.write(content)
            meta, *written = self.spawn(argv, call, arguments)
            rc = json.loads(meta)['rc']
            outputs = [b'%s%s\n%s %d\n' % (before, more, call['batch']['mark'].encode(), rc) for before, more in zip(outputs, written)]
            if rc:
                break
        return [b'{"rc":0}', *outputs]

    def job(self, call, result):
        """A job that has ended when it is said to have started."""
        name = call['job']['id'] + '.1'
        folder = os.path.expanduser(call['environment']['ANSIBLE_ASYNC_DIR'])
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(result)
        started = {'started': True, 'finished': False, 'ansible_job_id': name, 'results_file': file.name}
        return [b'{"rc":0}', json.dumps(started).encode(), b'']

    def op_exec(self, head, rest, content):
        call = json.loads(rest[0])
        argv = call.get('argv') or [call.get('shell', '/bin/sh'), '-c', call['command']]
        return self.spawn(argv, call, rest[1])

    def spawn(self, argv, call, stdin):
        environment = dict(os.environ, **{k: v for k, v in call.get('environment', {}).items() if v is not None})
        done = subprocess.run(argv, input=stdin, capture_output=True, cwd=call.get('cwd'), env=environment)
        return [json.dumps({'rc': done.returncode}).encode(), done.stdout, done.stderr]

    def op_tmp(self, head, rest, content):
        path = os.path.join(self.directory, 'node-tmp')
        os.makedirs(path, 0o700, exist_ok=True)
        return [json.dumps({'path': path}).encode()]

    def op_remove(self, head, rest, content):
        shutil.rmtree(json.loads(rest[0])['path'])
        return [b'{}']

    def op_put(self, head, rest, content):
        call = json.loads(rest[0])
        if head.get('source'):
            with open(head['source'], 'rb') as file:
                content = file.read()
        else:
            content = rest[1] or content
        assert len(content) == call['size'], (len(content), call)
        if call.get('directory'):
            os.makedirs(os.path.dirname(call['path']), 0o700, exist_ok=True)
        with open(call['path'], 'wb') as file:
            file.write(content)
        if call.get('mode'):
            os.chmod(call['path'], int(call['mode'], 8))
        return [json.dumps({'path': call['path'], 'size': len(content),
                            'sha256': hashlib.sha256(content).hexdigest()}).encode()]

    def op_get(self, head, rest, content):
        path = json.loads(rest[0])['path']
        if not os.path.exists(path):
            raise Refusal('not_found', '%s does not exist' % path)
        shutil.copyfile(path, head['destination'])
        return [json.dumps({'size': os.path.getsize(path)}).encode(), b'']

    def op_reset(self, head, rest, content):
        return [b'{}']


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('command')
    parser.add_argument('--listen-fd', type=int)
    parser.add_argument('--watch-pid', type=int)
    parser.add_argument('--directory')
    arguments = parser.parse_args()
    listener = socket.socket(fileno=arguments.listen_fd)
    log = os.environ.get('FAKE_ROUTER_LOG')

    def accept():
        while True:
            link = listener.accept()[0]
            connection = Connection(link, arguments.directory, log)
            threading.Thread(target=connection.serve, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    # The controller is our parent: when it has gone, somebody else is.
    while os.getppid() == arguments.watch_pid:
        time.sleep(0.05)
    shutil.rmtree(arguments.directory, ignore_errors=True)


if __name__ == '__main__':
    main()
