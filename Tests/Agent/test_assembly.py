"""What is sent, and how the Swift side knows it."""
import os
import re
import subprocess
import zlib

import pytest

from support import core, pythons

SWIFT = os.path.join(core.ROOT, 'Core', 'Agent', 'AgentSources.swift')


def resources(text):
    return [name + '.py' for name in re.findall(r'PackageResources\.(\w+)_py', text)]


def test_swift_assembles_what_the_list_says():
    with open(SWIFT) as f:
        source = f.read()
    body, parts = source.split('public static let partNames')
    found = {'core': resources(body)}
    for name, case in re.findall(r'case "(\w+)":(.*?)(?=case|default)', parts.split('func part(')[1], re.S):
        found.setdefault(name, resources(case))
    assert found == core.assembly()


def test_every_file_is_sent():
    files = set(name for names in core.assembly().values() for name in names)
    assert files == set(name for name in os.listdir(core.FOLDER) if name.endswith('.py'))


def test_the_core_fits_its_budget():
    assert len(core.core()) <= 14 * 1024
    assert zlib.decompress(core.core()) == core.source('core')


@pytest.mark.parametrize('python', pythons.EVERY, ids=pythons.NAMES)
def test_every_python_compiles_it(python):
    for name in core.assembly():
        subprocess.run([python, '-c', 'import sys; compile(sys.stdin.read(), "x", "exec")'],
                       input=core.source(name), check=True)


@pytest.mark.parametrize('python', pythons.EVERY, ids=pythons.NAMES)
def test_nothing_slow_is_imported_on_the_way_to_hello(python):
    """In the agent, up to the first wait for a frame."""
    look = ("import sys, os; before = set(sys.modules); scope = {'__name__': 'x'};"
            " exec(compile(sys.stdin.read(), 'x', 'exec'), scope); fds = scope['socketpair']();"
            " agent = scope['Agent'](); agent.start(fds[0], fds[0]);"
            " sys.stdout.write(' '.join(set(sys.modules) - before)); sys.stdout.flush(); os._exit(0)")
    loaded = subprocess.run([python, '-c', look], input=core.source('core'), stdout=subprocess.PIPE, check=True)
    slow = set('socket json hashlib subprocess logging re collections threading random tempfile shutil enum'.split())
    assert not slow & set(loaded.stdout.decode().split())
