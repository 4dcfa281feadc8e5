"""The client against a router that is played by the test."""
import json
import os
import signal
import socket
import struct
import threading

import pytest

from mitogen_swift import client as wire
from mitogen_swift.client import Client, RouterError, RouterGone


class Peer:
    """The router's end: reads frames, answers by hand."""

    def __init__(self, folder):
        self.path = str(folder / 'router')
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)

    def accept(self):
        self.link = self.listener.accept()[0]
        self.link.settimeout(10)
        self.decoder, self.frames = wire.FrameDecoder(), []

    def read(self):
        while not self.frames:
            data = self.link.recv(65536)
            if not data:
                return None
            self.frames += self.decoder.feed(data)
        return self.frames.pop(0)

    def send(self, kind, payload=b'', stream=1, flags=0):
        self.link.sendall(wire.encode_frame(kind, payload, stream, flags))

    def play(self, script):
        thread = threading.Thread(target=script, args=(self,), daemon=True)
        thread.start()
        return thread


@pytest.fixture
def peer(tmp_path):
    return Peer(tmp_path)


@pytest.fixture(autouse=True)
def no_test_waits_for_ever():
    def expire(*_):
        raise AssertionError('nothing happened for 20 seconds')

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_hello_and_the_first_request_leave_together(peer):
    first = []

    def script(peer):
        peer.accept()
        first.append(peer.link.recv(65536))
        peer.send(wire.HELLO, b'{"mitogen":1}', 0)
        peer.send(wire.REPLY, wire.encode_parts([b'{}', b'out']))

    peer.play(script)
    assert Client(peer.path).request({'op': 'status', 'hops': 0}) == [b'{}', b'out']
    hello, request = wire.FrameDecoder().feed(first[0])
    assert hello[0] == wire.HELLO and json.loads(hello[4])['client'] == 'ansible'
    assert request[:2] == (wire.REQUEST, wire.CALLS) and request[3] == 1


def test_one_link_serves_many_requests(peer):
    def script(peer):
        peer.accept()
        answered = 0
        while answered < 3:
            kind, _, _, stream, payload = peer.read()
            if kind == wire.REQUEST:
                answered += 1
                peer.send(wire.REPLY, payload, stream)

    peer.play(script)
    client = Client(peer.path)
    for number in range(3):
        assert client.request({'op': 'x'}, [b'%d' % number])[1] == b'%d' % number


def test_answers_may_come_in_any_order_and_to_any_thread(peer):
    def script(peer):
        peer.accept()
        asked = []
        while len(asked) < 8:
            kind, _, _, stream, payload = peer.read()
            if kind == wire.REQUEST:
                asked.append((stream, payload))
        for stream, payload in reversed(asked):
            peer.send(wire.REPLY, payload, stream)

    peer.play(script)
    client, answers = Client(peer.path), {}
    threads = [threading.Thread(target=lambda n=n: answers.update({n: client.request({}, [b'%d' % n])[1]}))
               for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == {n: b'%d' % n for n in range(8)}


def test_a_large_request_waits_for_credit(peer):
    sizes = []

    def script(peer):
        peer.accept()
        message = b''
        while True:
            kind, flags, _, stream, payload = peer.read()
            if kind != wire.REQUEST:
                continue
            message += payload
            sizes.append(len(message))
            if len(message) == wire.FRAME_LIMIT:
                continue
            if len(message) == 2 * wire.FRAME_LIMIT:
                # All the credit is used: nothing more may come by itself.
                peer.link.settimeout(0.2)
                try:
                    assert peer.link.recv(1) == b''
                except TimeoutError:
                    sizes.append('silence')
                peer.link.settimeout(10)
            peer.send(wire.CREDIT, struct.pack('>I', wire.WINDOW), stream)
            if not flags & wire.MORE:
                break
        peer.send(wire.REPLY, wire.encode_parts([b'%d' % len(wire.decode_parts(message)[1])]), stream)

    peer.play(script)
    assert Client(peer.path).request({}, [b'x' * 700000]) == [b'700000']
    assert sizes[:3] == [wire.FRAME_LIMIT, 2 * wire.FRAME_LIMIT, 'silence']


def test_credit_is_given_back_for_a_large_reply(peer):
    given = []

    def script(peer):
        peer.accept()
        while peer.read()[0] != wire.REQUEST:
            pass
        message = wire.encode_parts([b'{}', b'y' * 1000000])
        credit = wire.WINDOW
        for at in range(0, len(message), wire.FRAME_LIMIT):
            piece = message[at:at + wire.FRAME_LIMIT]
            while credit < len(piece):
                kind, _, _, _, payload = peer.read()
                assert kind == wire.CREDIT
                given.append(struct.unpack('>I', payload)[0])
                credit += given[-1]
            credit -= len(piece)
            peer.send(wire.REPLY, piece, 1, wire.MORE if at + len(piece) < len(message) else 0)

    peer.play(script)
    assert len(Client(peer.path).request({})[1]) == 1000000
    assert sum(given) >= 1000000 - wire.WINDOW


def test_content_follows_as_data(peer):
    received = []

    def script(peer):
        peer.accept()
        while True:
            kind, flags, _, stream, payload = peer.read()
            if kind == wire.DATA:
                assert flags & 0x0c == wire.FILES
                received.append(payload)
                peer.send(wire.CREDIT, struct.pack('>I', len(payload)), stream)
            if kind == wire.END:
                peer.send(wire.REPLY, wire.encode_parts([b'{}']), stream)
                return

    peer.play(script)
    Client(peer.path).request({'op': 'put'}, content=[b'a' * 300000, b'b'])
    assert b''.join(received) == b'a' * 300000 + b'b'


def test_data_of_an_answer_is_handed_on(peer):
    def script(peer):
        peer.accept()
        while peer.read()[0] != wire.REQUEST:
            pass
        for byte in b'abc':
            peer.send(wire.DATA, bytes([byte]) * 50000)
        peer.send(wire.END)
        peer.send(wire.REPLY, wire.encode_parts([b'{}']))

    peer.play(script)
    got = []
    Client(peer.path).request({'op': 'get'}, on_data=got.append)
    assert b''.join(got) == b'a' * 50000 + b'b' * 50000 + b'c' * 50000


def test_an_error_frame_is_raised_with_its_code(peer):
    def script(peer):
        peer.accept()
        while peer.read()[0] != wire.REQUEST:
            pass
        peer.send(wire.ERROR, b'{"code":"unreachable","message":"web1 is away","hint":"look for it"}')

    peer.play(script)
    with pytest.raises(RouterError) as raised:
        Client(peer.path).request({})
    assert raised.value.code == 'unreachable'
    assert str(raised.value) == 'web1 is away. look for it'


def test_an_error_ends_the_sending_of_a_request(peer):
    def script(peer):
        peer.accept()
        while peer.read()[0] != wire.REQUEST:
            pass
        peer.send(wire.ERROR, b'{"code":"plugin","message":"no","hint":""}')

    peer.play(script)
    with pytest.raises(RouterError) as raised:
        Client(peer.path).request({}, [b'x' * 5000000])
    assert raised.value.code == 'plugin'


def test_log_frames_are_handed_on_and_pings_answered(peer):
    def script(peer):
        peer.accept()
        while peer.read()[0] != wire.REQUEST:
            pass
        peer.send(wire.LOG, b'{"level":"info","logger":"web1","text":"hello"}', 0)
        peer.send(wire.PING, b'abc', 0)
        peer.send(99, b'', 0)
        assert peer.read()[0::4] == (wire.PONG, b'abc')
        assert peer.read()[0::4] == (wire.UNSUPPORTED, bytes([99]))
        peer.send(wire.REPLY, wire.encode_parts([b'{}']))

    peer.play(script)
    records = []
    assert Client(peer.path, on_log=lambda *record: records.append(record)).request({}) == [b'{}']
    assert records == [('info', 'web1', 'hello')]


def test_a_router_that_ends_fails_what_is_under_way_and_the_next_request_connects_anew(peer):
    def script(peer):
        peer.accept()
        peer.read()
        peer.link.close()
        peer.accept()
        while peer.read()[0] != wire.REQUEST:
            pass
        peer.send(wire.REPLY, wire.encode_parts([b'{}']), 2)

    peer.play(script)
    client = Client(peer.path)
    with pytest.raises(RouterGone):
        client.request({})
    assert client.request({}) == [b'{}']


def test_nobody_listening(tmp_path):
    client = Client(str(tmp_path / 'nothing'))
    assert not client.connect()
    with pytest.raises(RouterGone):
        client.request({})


def test_an_exception_while_waiting_ends_the_link(peer):
    ended = threading.Event()

    def script(peer):
        peer.accept()
        while True:
            if peer.read() is None:
                ended.set()
                return

    peer.play(script)

    class TaskTimeout(Exception):
        pass

    def expire(*_):
        raise TaskTimeout

    signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(TaskTimeout):
        Client(peer.path).request({})
    assert ended.wait(10)


def test_a_fork_gets_a_link_of_its_own(peer):
    def serve(link_peer):
        def script():
            decoder = wire.FrameDecoder()
            while True:
                data = link_peer.recv(65536)
                if not data:
                    return
                for kind, _, _, stream, payload in decoder.feed(data):
                    if kind == wire.REQUEST:
                        link_peer.sendall(wire.encode_frame(wire.REPLY, payload, stream))
        threading.Thread(target=script, daemon=True).start()

    links = []

    def accept(peer):
        while True:
            links.append(peer.listener.accept()[0])
            serve(links[-1])

    peer.play(accept)
    client = Client(peer.path)
    assert client.request({}, [b'parent'])[1] == b'parent'
    child = os.fork()
    if not child:
        try:
            os._exit(0 if client.request({}, [b'child'])[1] == b'child' else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.request({}, [b'still'])[1] == b'still'
    assert len(links) == 2
