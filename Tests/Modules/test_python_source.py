"""Stripping changes nothing but comments, docstrings, columns and a module's documentation: judged by Python's own parser on real code.

By default this Python's standard library and the ansible that it can import, one file of every
MITOGEN_SOURCE_STRIDE (default 8); 1 takes them all.
"""

import os
import sysconfig
import warnings

import pytest

from probe import Probe
from source_judge import blank_documentation, difference, parse

MODULES = os.sep + 'modules' + os.sep
STRIDE = int(os.environ.get('MITOGEN_SOURCE_STRIDE', '8'))


def python_files(top):
    found = []
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in ('__pycache__', 'site-packages'))
        found.extend(os.path.join(folder, name) for name in sorted(files) if name.endswith('.py'))
    return found


def trees():
    found = {'stdlib': sysconfig.get_paths()['stdlib']}
    try:
        import ansible
        found['ansible'] = os.path.dirname(ansible.__file__)
    except ImportError:
        pass
    for index, extra in enumerate(filter(None, os.environ.get('MITOGEN_SOURCE_TREES', '').split(':'))):
        found['extra%d' % index] = extra
    return found


@pytest.mark.parametrize('name', sorted(trees()))
def test_stripped_source_is_the_same_program(name, tmp_path):
    probe = Probe()
    stripped = str(tmp_path / 'stripped.py')
    wrong, unreadable, judged, before, after = [], [], 0, 0, 0
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for path in python_files(trees()[name])[::STRIDE]:
            try:
                source, tree = parse(path)
            except (SyntaxError, ValueError, UnicodeDecodeError):
                # Not Python of this version (the standard library's tests have some on purpose).
                unreadable.append(path)
                continue
            is_module = MODULES in path
            sizes = probe.ask(op='strip', path=path, to=stripped, isModule=is_module)
            try:
                text, result = parse(stripped)
                for each in (tree, result) if is_module else ():
                    blank_documentation(each)
                problem = difference(tree, result)
                if problem is None and source.count(b'\n') != text.count(b'\n') and b'\r' not in source:
                    problem = 'the number of lines changed'
            except (SyntaxError, ValueError) as error:
                problem = str(error)
            if problem is not None:
                wrong.append('%s: %s' % (path, problem))
            judged += 1
            before += sizes['before']
            after += sizes['after']
    probe.close()
    print('%s: %d files judged, %d are not Python, %d of %d bytes left' % (name, judged, len(unreadable), after, before))
    assert judged > 20
    assert not wrong, '\n'.join(wrong[:20])
