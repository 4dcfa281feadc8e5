"""The reference of the methods is what the plugins declare."""
import subprocess

from conftest import INTEGRATION, ROOT

MITOGEN = ROOT / '.build' / 'release' / 'mitogen'
REFERENCE = INTEGRATION / 'methods.md'


def test_it_is_what_the_command_prints():
    printed = subprocess.run([str(MITOGEN), 'plugins', 'docs'], check=True, capture_output=True, text=True).stdout
    assert REFERENCE.read_text() == printed, f'mitogen plugins docs > {REFERENCE.relative_to(ROOT)}'


def test_the_guide_names_every_method():
    guide = (INTEGRATION / 'README.md').read_text()
    names = [line.removeprefix('## ') for line in REFERENCE.read_text().splitlines() if line.startswith('## ')]
    assert names and [name for name in names if '`{0}`'.format(name) not in guide] == []
    assert '(methods.md)' in guide
