"""The Python half of the new-style runner: runs, in an executor, a module that imports ansible.module_utils.

Stock Ansible sends such a module as a zip and a fresh interpreter imports from it. Here the same files are in memory,
and an executor runs many modules. So that no module can tell the difference:

- `ansible.module_utils.basic` and what it imports stay loaded, and are put back after each task to what they were
  when they had just been imported (`Shared`). All else of Ansible's is dropped and executed anew, from compiled code.
- What a module changes in the standard library's well-known places is put back (`clean`).
- Libraries from site-packages keep state that nobody can put back: after a task that imported one, the executor is
  retired.

Python 2.7 and 3.6 to 3.14.
"""
import atexit
import gc
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
        # A folder without __init__.py holds packages all the same, as it does in a zip.
        self.late = set(name for name in self.modules if self.modules[name][0] in program.get('late', ()))
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
LOADING = {}
# Python 2.7 executes every file when it is imported.
LOAD_LOCK = None if PY2 else __import__('_thread').RLock()


def own(module):
    return types.ModuleType.__getattribute__(module, '__dict__')


def load(module):
    with LOAD_LOCK:
        if type(module) is not Late or id(module) in LOADING:
            return
        LOADING[id(module)] = module
        try:
            exec(IMPORTER.program.code(module.__name__), own(module))
            types.ModuleType.__setattr__(module, '__class__', types.ModuleType)
        finally:
            del LOADING[id(module)]


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


class Shared(object):
    """What stays loaded between tasks, and its state as it was when it had just been imported.

    Put back are the modules' names, their lists, dictionaries and sets (three levels deep), the attributes of their
    own objects, and their lru_caches.
    """

    def __init__(self, program):
        self.modules = dict((n, m) for n, m in sys.modules.items() if m is not None and is_ours(n))
        self.hashes = dict((n, program.hashes.get(program.modules[n][0])) for n in self.modules if n in program.modules)
        self._saved = []
        self._caches = []
        self._late = [(m, own(m).copy()) for m in self.modules.values() if type(m) is Late]
        seen = set([id(sys.modules), id(sys.path)])
        for module in self.modules.values():
            # Not six.moves: what it has resolved it cannot resolve again, for its class forgets how.
            if type(module) is types.ModuleType:
                self._note(module.__dict__, seen, 3)

    def _note(self, container, seen, depth):
        if id(container) in seen:
            return
        seen.add(id(container))
        copy = container.copy() if not isinstance(container, list) else container[:]
        self._saved.append((container, copy))
        for value in list(copy.values() if isinstance(copy, dict) else copy) if depth else ():
            kind = type(value)
            if kind in (dict, list, set):
                if not (kind is dict and '__import__' in value):
                    self._note(value, seen, depth - 1)
            elif kind.__name__ == '_lru_cache_wrapper':
                self._caches.append(value)
            elif isinstance(value, types.ModuleType):
                pass  # a module has its own turn
            elif is_ours(getattr(kind, '__module__', None) or '') and isinstance(getattr(value, '__dict__', None), dict):
                self._note(value.__dict__, seen, 1)

    def restore(self):
        for module, names in self._late:
            if type(module) is not Late:
                own(module).clear()
                own(module).update(names)
                module.__class__ = Late
        for container, copy in self._saved:
            try:
                if container == copy:
                    continue
            except Exception:
                pass  # Something in it cannot be compared: as good as changed.
            if isinstance(container, list):
                container[:] = copy
            else:
                container.clear()
                container.update(copy)
        for cache in self._caches:
            cache.cache_clear()

    def serves(self, program):
        """Whether this program was built from the same files."""
        return not [n for n, h in self.hashes.items() if program.hashes.get(program.modules.get(n, (None,))[0]) != h]


IMPORTER = Importer()
PAYLOAD = Payload()
STATE = {'shared': None, 'serves': set(), 'before': None}


def preload(program, files):
    """Imports what modules share. In the fork server, so that later executors have it from birth; else when needed."""
    program = program_of(program, files)
    if IMPORTER not in sys.meta_path:
        sys.meta_path.insert(0, IMPORTER)
    if program.files is None or BASIC not in program.modules:
        return
    shared = STATE['shared']
    if shared is not None:
        if id(program) in STATE['serves']:
            return
        if shared.serves(program):
            STATE['serves'].add(id(program))
            return
    drop({})
    IMPORTER.program = program
    names = [BASIC]
    if LOADER in program.modules:
        names += [LOADER] + [n for n in program.modules if n.startswith('ansible.module_utils._internal._json._profiles.')]
    for name in names:
        __import__(name)
    STATE['shared'] = Shared(program)
    STATE['serves'] = set([id(program)])
    gc.collect()
    if hasattr(gc, 'freeze'):
        gc.freeze()


def drop(kept):
    """Forgets Ansible's modules but those in `kept`."""
    for name in [n for n in sys.modules if is_ours(n)]:
        if name not in kept:
            del sys.modules[name]
    for name, module in kept.items():
        sys.modules[name] = module
        # `import a.b` also made `b` an attribute of `a`; what stays are the names that `Shared` put back.


class Main(types.ModuleType):
    """A module's `__main__`."""

    @property
    def _modlib_path(self):
        return PAYLOAD.path(IMPORTER.program)


def run(executor, program, files, call, arguments):
    if STATE['before'] is None:
        STATE['before'] = Interpreter()
    selinux_came()
    ready = program_of(program, files)
    sys.path[:] = [p for p in sys.path if p not in ('', '.')]
    if ready.nofile:
        limit_files(ready.nofile)
    main = Main('__main__')
    try:
        rc = exit_code_of(execute, ready, program, main, arguments)
    finally:
        finish()
    if not thread_count():
        # What the end of an interpreter does: files are flushed and temporary ones removed as their owners go.
        main.__dict__.clear()
    return rc


def execute(ready, program, main, arguments):
    preload(program, ready.files)
    IMPORTER.program = ready
    main.__file__ = '%s/%s' % (ROOT, ready.entry)
    main.__loader__ = IMPORTER
    main.__package__ = ready.name.rpartition('.')[0]
    main._module_fqn = ready.name
    if not PY2:
        main.__spec__ = IMPORTER.find_spec(ready.name)
        main.__cached__ = None
    sys.modules['__main__'] = main
    sys.argv[:] = [main.__file__]
    basic = sys.modules.get(BASIC)
    if basic is not None:
        basic._ANSIBLE_ARGS = arguments
        if ready.profile:
            basic._ANSIBLE_PROFILE = ready.profile
    try:
        if main.__package__:
            __import__(main.__package__)
        exec(ready.code(ready.name), main.__dict__)
        if LOADER in ready.modules:
            raise RuntimeError('New-style module did not handle its own exit.')
        print('{"msg": "New-style module did not handle its own exit", "failed": true}')
        return 1
    except Exception as e:
        loader = sys.modules.get(LOADER)
        if hasattr(loader, '_handle_exception'):
            loader._handle_exception(e, ready.profile)
        raise


def exit_code_of(function, *args):
    """Calls it; the exit code, as the interpreter would give it."""
    try:
        return function(*args)
    except SystemExit as e:
        return exit_code(e.code)
    except BaseException:
        import traceback
        kind, value, frames = sys.exc_info()
        theirs = frames
        while theirs is not None and theirs.tb_frame.f_code.co_filename == HERE:
            theirs = theirs.tb_next
        traceback.print_exception(kind, value, theirs or frames)
        return 1


def exit_code(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 255
    sys.stderr.write('%s\n' % (code,))
    return 1


def thread_count():
    thread = sys.modules['thread' if PY2 else '_thread']
    return thread._count()


def finish():
    """What an interpreter does at its end: waits for threads, and runs the exit handlers."""
    threading = sys.modules.get('threading')
    if threading and thread_count():
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    if PY2:
        before = STATE['before'].handlers
        handlers = atexit._exithandlers
        mine, handlers[:] = [h for h in handlers if h not in before], []
        handlers[:] = mine
        atexit._run_exitfuncs()
        handlers[:] = before
    else:
        atexit._run_exitfuncs()
        register_again()


def register_again():
    """These two register their exit handlers once for the life of an interpreter, which goes on here."""
    if 'weakref' in sys.modules:
        sys.modules['weakref'].finalize._registered_with_atexit = False
        sys.modules['weakref'].finalize._shutdown = False
    if 'logging' in sys.modules:
        atexit.register(sys.modules['logging'].shutdown)


def limit_files(number):
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    number = min(hard, number)
    if number != soft:
        STATE['nofile'] = soft, hard
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
        except ValueError:
            pass


def selinux_came():
    """`basic` looks for the SELinux library when it is imported; a task may have installed it since."""
    basic = sys.modules.get(BASIC)
    if basic is not None and not getattr(basic, 'HAVE_SELINUX', True) and os.path.exists('/sys/fs/selinux/enforce'):
        STATE['shared'] = None
        STATE['serves'] = set()


class Interpreter(object):
    """What a module may change in the interpreter itself and in the standard library."""

    def __init__(self):
        self.main = sys.modules['__main__']
        self.argv = sys.argv[:]
        self.path = [p for p in sys.path if p not in ('', '.')]
        self.meta_path = sys.meta_path[:]
        self.path_hooks = sys.path_hooks[:]
        self.hooks = sys.excepthook, sys.displayhook
        self.known = set(sys.modules)
        self.handlers = atexit._exithandlers[:] if PY2 else None
        self.locale = self._locale()
        self.filters = sys.modules['warnings'].filters[:] if 'warnings' in sys.modules else None
        if not PY2:
            # The agent's own imports have registered nothing that a module could expect.
            atexit._clear()
            register_again()

    def restore(self):
        sys.modules['__main__'] = self.main
        sys.argv[:] = self.argv
        sys.path[:] = self.path
        sys.meta_path[:] = self.meta_path if IMPORTER in self.meta_path else [IMPORTER] + self.meta_path
        sys.path_hooks[:] = self.path_hooks
        sys.excepthook, sys.displayhook = self.hooks
        if self._locale() != self.locale:
            sys.modules['_locale'].setlocale(sys.modules['_locale'].LC_ALL, self.locale or 'C')
        if self.filters is not None and sys.modules['warnings'].filters != self.filters:
            sys.modules['warnings'].filters[:] = self.filters
            getattr(sys.modules['warnings'], '_filters_mutated', int)()
        self._restore_libraries(sys.modules.get)

    def foreign(self):
        """A library from site-packages that the task was the first to import, or None."""
        if len(sys.modules) == len(self.known):
            return None
        names = set(sys.modules)
        new, self.known = names - self.known, names
        return foreign_among(new)

    @staticmethod
    def _restore_libraries(loaded):
        # Lines of another program's file of the same name.
        if loaded('linecache'):
            loaded('linecache').clearcache()
        if loaded('inspect'):
            loaded('inspect').modulesbyfile.clear()
            loaded('inspect')._filesbymodname.clear()
        if loaded('tempfile'):
            loaded('tempfile').tempdir = None
        if loaded('_socket'):
            loaded('_socket').setdefaulttimeout(None)
        request = loaded('urllib.request') or loaded('urllib2')
        if request:
            request._opener = None
        logging = loaded('logging')
        if logging and (logging.root.handlers or logging.root.manager.loggerDict):
            logging.disable(logging.NOTSET)
            logging.root.setLevel(logging.WARNING)
            for logger in [logging.root] + list(logging.root.manager.loggerDict.values()):
                if hasattr(logger, 'handlers'):
                    logger.handlers[:] = []
            logging.root.manager.loggerDict.clear()
        # A task may have installed a library where the next one looks for it.
        for finder in list(sys.path_importer_cache.values()):
            if hasattr(finder, 'invalidate_caches'):
                finder.invalidate_caches()

    @staticmethod
    def _locale():
        module = sys.modules.get('_locale')
        return module.setlocale(module.LC_ALL, None) if module else None


def foreign_among(names):
    """The first of these loaded modules that is neither Python's nor Ansible's, or None."""
    for name in names:
        location = getattr(sys.modules.get(name), '__file__', None) or ''
        if ('site-packages' in location or 'dist-packages' in location) and not is_ours(name):
            return name
    return None


def clean(executor):
    """After the answer: puts back what the module changed, or says why this executor must be retired."""
    before = STATE['before']
    PAYLOAD.remove()
    shared = STATE['shared']
    if shared is not None:
        shared.restore()
        drop(shared.modules)
    else:
        drop({})
    before.restore()
    if 'nofile' in STATE:
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, STATE.pop('nofile'))
    foreign = before.foreign()
    if foreign:
        return 'it imported %s, which may keep state' % foreign
    gc.collect()
    return None


HERE = run.__code__.co_filename
