"""Blobs, by hash, and who waits for them."""


class Store(object):
    """Keeps what arrives under the hash that it has, and calls back those who wait for it."""

    def __init__(self):
        self.blobs = {}
        self._joiners = {}
        self._waiting = []
        self._needs = {}
        self._asked = set()

    def received(self, stream, flags, payload):
        """A frame of BLOBS."""
        joiner = self._joiners.setdefault(stream, Joiner(MAX_BUNDLE + 1))
        message = joiner.add(payload, flags & MORE)
        if message is None:
            return
        del self._joiners[stream]
        names = []
        for refers, data in decode_bundle(message):
            if refers:
                data = expand(data, names)
            name = sha256(data).digest()
            names.append(binascii.hexlify(name))
            self.blobs.setdefault(name, data)
            self._asked.discard(name)
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

    def not_asked(self, names):
        """Those of `names` that have not been asked for; from now on they have."""
        fresh = [n for n in names if n not in self._asked]
        self._asked.update(fresh)
        return fresh

    def program(self, name):
        """The decoded program, the hashes that it must have to start, and those that may come later; its own blob must be here."""
        known = self._needs.get(name)
        if known is None:
            program = decode_json(self.blobs[name])
            late = set([from_hex(program['files'][path]) for path in program.get('late', ())])
            names = set([from_hex(program['half'])] + [from_hex(h) for h in program['files'].values()])
            known = self._needs[name] = program, list(names - late), list(late)
        return known


def load_part(store, name):
    """The namespace of a part of the agent, which begins as the core's."""
    scope = dict(SHARED)
    exec(compile(store.blobs[from_hex(name)], 'part', 'exec'), scope)
    return scope


def to_hex(data):
    return binascii.hexlify(data).decode('ascii')


def from_hex(text):
    return binascii.unhexlify(to_bytes(text))
