"""The agent's core and parts as the router would send them."""
import functools
import hashlib
import os
import zlib

from .strip import strip

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
FOLDER = os.path.join(ROOT, 'Core', 'Agent', 'python')


def file_bytes(name):
    with open(os.path.join(FOLDER, name), 'rb') as f:
        return f.read()


def assembly():
    """{'core': [file names], part: [file names]}, as Core/Agent/python/assembly.list says."""
    lines = [line for line in file_bytes('assembly.list').decode().splitlines() if not line.startswith('#')]
    return dict((line.split(':')[0], line.split(':')[1].split()) for line in lines)


@functools.lru_cache(None)
def source(name):
    return b''.join(strip(file_bytes(file)) + b'\n' for file in assembly()[name])


@functools.lru_cache(None)
def core():
    return zlib.compress(source('core'), 9)


def first_stage(nonce, size):
    with open(os.path.join(ROOT, 'Tests', 'Vectors', 'bootstrap', 'first_stage.txt')) as f:
        return f.read().strip().replace('{nonce}', nonce).replace('{size}', str(size))


def part(name):
    """(hash, bytes) of a part."""
    return blob(source(name))


def blob(data):
    return hashlib.sha256(data).digest(), data
