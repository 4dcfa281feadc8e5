"""Imports a program's files from memory, and shows them as a zip where somebody insists. The first file of the half."""
import atexit
import os
import sys
import types

PY2 = sys.version_info[0] == 2
# Where the files seem to be. Nothing is there: see Payload.
ROOT = '/mitogen'
OURS = ('ansible', 'ansible_collections')
BASIC = 'ansible.module_utils.basic'
# What the controller side of 2.19 and later expects to be there beside `basic`.
LOADER = 'ansible.module_utils._internal._ansiballz._loader'

if not PY2:
    from importlib.machinery import ModuleSpec


def is_ours(name):
    return name.partition('.')[0] in OURS


class Program(object):
    """The files of one program, found by module name."""

    def __init__(self, program, files):
        self.name = program['module']
        self.entry = program['entry']
        self.profile = program.get('profile')
        self.nofile = program.get('rlimit_nofile')
        self.files = files
        self.hashes = program['files']
        self.modules = {}
        for path in self.hashes:
            if path.endswith('.py'):
                package = path.endswith('/__init__.py')
                name = path[:-12] if package else path[:-3]
                self.modules[name.replace('/', '.')] = path, package
        self.late = set(name for name in self.modules if self.modules[name][0] in program.get('late', ()))
        # A folder without __init__.py holds packages all the same, as it does in a zip.
        for name in list(self.modules):
            while '.' in name:
                name = name.rpartition('.')[0]
                self.modules.setdefault(name, (None, True))

    def source(self, name):
        path, _ = self.modules[name]
        return self.files[path] if path else b''

    def code(self, name):
        path, package = self.modules[name]
        shown = '%s/%s' % (ROOT, path or name.replace('.', '/') + '/__init__.py')
        key = shown, self.hashes.get(path)
        code = CODE.get(key)
        if code is None:
            code = CODE[key] = compile(self.source(name), shown, 'exec', 0, True)
        return code


# (shown path, hash) to compiled code: a module that is dropped and imported again is not compiled again.
CODE = {}
PROGRAMS = {}


def program_of(program, files):
    known = PROGRAMS.get(id(program))
    if known is None:
        # The decoded program is kept by the executor, so its id is not used again.
        known = PROGRAMS[id(program)] = Program(program, files)
    return known


class Importer(object):
    """Finder and loader (PEP 451, and PEP 302 for 2.7) of the current program's files."""

    def __init__(self):
        self.program = None

    def find_spec(self, name, path=None, target=None):
        found = self.program.modules.get(name) if self.program and is_ours(name) else None
        if found is None:
            return None
        spec = ModuleSpec(name, self, origin=self._location(name), is_package=found[1])
        spec.has_location = True
        if found[1]:
            spec.submodule_search_locations = [os.path.dirname(spec.origin)]
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        # What has `__builtins__` was executed before: this is a reload.
        if module.__name__ in self.program.late and '__builtins__' not in module.__dict__:
            module.__class__ = Late
        else:
            exec(self.program.code(module.__name__), module.__dict__)

    def find_module(self, name, path=None):
        return self if self.program and is_ours(name) and name in self.program.modules else None

    def load_module(self, name):
        if name in sys.modules:
            return sys.modules[name]
        module = sys.modules[name] = types.ModuleType(name)
        module.__file__ = self._location(name)
        module.__loader__ = self
        if self.is_package(name):
            module.__path__ = [os.path.dirname(module.__file__)]
            module.__package__ = name
        else:
            module.__package__ = name.rpartition('.')[0]
        try:
            exec(self.program.code(name), module.__dict__)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        return sys.modules[name]

    def _location(self, name):
        path, package = self.program.modules[name]
        path = path or name.replace('.', '/') + '/__init__.py'
        # It tells its subprocesses to import from where its own file is.
        root = PAYLOAD.path(self.program) if name == 'ansible.module_utils.common.respawn' else ROOT
        return '%s/%s' % (root, path)

    # -- what inspect, linecache, pkgutil, runpy and importlib.resources ask for --

    def _real(self, name):
        return self.program.name if name == '__main__' else name

    def is_package(self, name):
        return self.program.modules[self._real(name)][1]

    def get_code(self, name):
        return self.program.code(self._real(name))

    def get_source(self, name):
        try:
            source = self.program.source(self._real(name))
        except KeyError:
            raise ImportError(name)
        return source if PY2 else source.decode('utf-8')

    def get_filename(self, name):
        return self._location(self._real(name))

    def get_data(self, path):
        try:
            return self.program.files[path[len(ROOT) + 1:]]
        except KeyError:
            raise IOError('no such file: ' + path)

    def get_resource_reader(self, name):
        return Resources(self.program.files, name.replace('.', '/') + '/') if self.is_package(name) else None


class Late(types.ModuleType):
    """A module whose code runs when something of it is first asked for: its file may still be on its way.

    Such files only define things, so that nothing else tells when they run.
    """

    # It is made such a module again after each task.
    put_back = True

    def __getattribute__(self, name):
        if name not in QUIET:
            load(self)
        return types.ModuleType.__getattribute__(self, name)

    def __setattr__(self, name, value):
        load(self)
        types.ModuleType.__setattr__(self, name, value)

    def __delattr__(self, name):
        load(self)
        types.ModuleType.__delattr__(self, name)


# What the import system itself looks at.
QUIET = frozenset(('__class__', '__spec__', '__name__', '__loader__', '__package__', '__file__', '__path__'))
LOADING = set()
# Python 2.7 executes every file when it is imported.
LOAD_LOCK = None if PY2 else __import__('_thread').RLock()


def own(module):
    return types.ModuleType.__getattribute__(module, '__dict__')


def load(module):
    with LOAD_LOCK:
        if type(module) is not Late or id(module) in LOADING:
            return
        LOADING.add(id(module))
        try:
            exec(IMPORTER.program.code(module.__name__), own(module))
            types.ModuleType.__setattr__(module, '__class__', types.ModuleType)
        finally:
            LOADING.discard(id(module))


class Resources(object):
    """The files of one package, for importlib.resources."""

    def __init__(self, files, folder):
        self._files = files
        self._folder = folder

    def open_resource(self, name):
        import io
        try:
            return io.BytesIO(self._files[self._folder + name])
        except KeyError:
            raise FileNotFoundError(name)

    def resource_path(self, name):
        raise FileNotFoundError(name)

    def is_resource(self, name):
        return self._folder + name in self._files

    def contents(self):
        return [path[len(self._folder):] for path in self._files
                if path.startswith(self._folder) and '/' not in path[len(self._folder):]]


class Payload(object):
    """The files as a zip that another interpreter can import from, made when a module asks for it (respawn_module).

    In memory where the system can; else in a temporary directory, removed after the task.
    """

    def __init__(self):
        self._path = None
        self._fd = None

    def path(self, program):
        if self._path is None:
            import zipfile
            if hasattr(os, 'memfd_create'):
                self._fd = os.memfd_create('payload')
                self._path = '/proc/%d/fd/%d' % (os.getpid(), self._fd)
                target = os.fdopen(os.dup(self._fd), 'wb')
            else:
                import tempfile
                self._path = os.path.join(tempfile.mkdtemp(prefix='ansible_payload_'), 'payload.zip')
                target = open(self._path, 'wb')
            with target, zipfile.ZipFile(target, 'w') as archive:
                for name in program.hashes:
                    archive.writestr(zipfile.ZipInfo(str(name)), program.files[name])
        return self._path

    def remove(self):
        if self._fd is not None:
            os.close(self._fd)
        elif self._path is not None:
            os.unlink(self._path)
            os.rmdir(os.path.dirname(self._path))
        self._path = self._fd = None
