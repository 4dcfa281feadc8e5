"""Blobs, by hash, and who waits for them."""


class Store(object):
    """Keeps what arrives, if it has the hash that it says it has, and calls back those who wait for it."""

    def __init__(self, complain):
        self.blobs = {}
        self._complain = complain
        self._joiners = {}
        self._waiting = []
        self._needs = {}

    def received(self, stream, flags, payload):
        """A frame of BLOBS."""
        joiner = self._joiners.setdefault(stream, Joiner(MAX_BUNDLE + 1))
        message = joiner.add(payload, flags & MORE)
        if message is None:
            return
        del self._joiners[stream]
        for name, data in decode_bundle(message):
            if name in self.blobs:
                continue
            if sha256(data).digest() != name:
                self._complain('error', 'dropped a blob that does not have the hash %s' % to_hex(name))
                continue
            self.blobs[name] = data
        waiting, self._waiting = self._waiting, []
        for names, callback in waiting:
            self.when_present(names, callback)

    def when_present(self, names, callback):
        """Calls back when all of `names` are here, perhaps at once; returns what is missing."""
        missing = [n for n in names if n not in self.blobs]
        if missing:
            self._waiting.append((missing, callback))
        else:
            callback()
        return missing

    def program(self, name):
        """The decoded program and the hashes of all that it names; its own blob must be here."""
        known = self._needs.get(name)
        if known is None:
            program = decode_json(self.blobs[name])
            names = [from_hex(program['half'])] + [from_hex(h) for h in program['files'].values()]
            known = self._needs[name] = program, list(set(names))
        return known


def to_hex(data):
    return binascii.hexlify(data).decode('ascii')


def from_hex(text):
    return binascii.unhexlify(to_bytes(text))
