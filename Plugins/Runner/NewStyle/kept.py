# What tasks in one executor share, and what is put back between them.


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
