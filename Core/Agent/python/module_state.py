"""What a task may change in the modules that were loaded before it: their names, their classes, what they hold."""
import itertools
import types

MISSING = object()
STANDARD = os.path.dirname(os.__file__) + os.sep
DYNAMIC = os.sep + 'lib-dynload' + os.sep
PACKAGES = os.sep + 'site-packages' + os.sep, os.sep + 'dist-packages' + os.sep
# Below this depth what a module of Ansible's holds is not looked at.
DEPTH = 3
CLASSES = type if not PY2 else (type, types.ClassType)
HEAP_TYPE = 1 << 9
# What the names of `time` are that follow the environment.
OF_ZONE = ('tzname', 'timezone', 'altzone', 'daylight')
# Of other people's, those that Ansible's module_utils and many of its modules import, and that keep nothing of a task.
LIBRARIES = frozenset([
    '_cffi_backend', 'cffi', 'cryptography', 'pexpect', 'ptyprocess', 'selinux', '_selinux', 'six', 'yaml', '_yaml'])
# Modules some of whose names are others in a new executor.
MADE_ANEW = ('threading', 'time')


def is_cache(name):
    return 'cache' in name.lower()


def location(module):
    return getattr(module, '__file__', None) or ''


def is_standard(name, module):
    """Whether a module is Python's own."""
    if name in sys.builtin_module_names or getattr(getattr(module, '__spec__', None), 'origin', None) == 'frozen':
        return True
    path = location(module)
    return (path.startswith(STANDARD) or DYNAMIC in path) and not [part for part in PACKAGES if part in path]


class Namespace(object):
    """The names of a module or a class, as they were."""

    def __init__(self, name, owner, now):
        self.name = name
        self.owner = owner
        self.now = now
        self.before = dict(now)
        # It was found changed once: it stands in no row any more, where the order of names counts.
        self.often = name in MADE_ANEW

    def changed(self):
        try:
            return self.now != self.before
        except Exception:
            return True  # Something in it cannot be compared.

    def restore(self, changed):
        before, now = self.before, self.now
        for name in [n for n in now if n not in before]:
            self._tell(changed, name, MISSING, now[name])
            self._delete(name)
        for name, value in before.items():
            present = now.get(name, MISSING)
            if present is not value:
                self._tell(changed, name, value, present)
                self._set(name, value)

    def _tell(self, changed, name, before, present):
        """Only what somebody did: not what is None until it is needed, a cache, what a module notes for itself, or a name
        that an import leaves."""
        if before is None or is_cache(name) or isinstance(present, types.ModuleType):
            return
        if name.startswith('_') and (before is MISSING or not callable(before)) or self.name == 'time' and name in OF_ZONE:
            return
        if before is MISSING and (getattr(present, '__module__', None) or '').startswith(self.name + '.'):
            return
        changed.append('%s.%s' % (self.name, name))

    def _set(self, name, value):
        if isinstance(self.now, dict):
            self.now[name] = value
        else:
            type.__setattr__(self.owner, name, value)

    def _delete(self, name):
        if isinstance(self.now, dict):
            del self.now[name]
        else:
            type.__delattr__(self.owner, name)


class ModuleState(object):
    """All that is loaded when `note` is called is as it should be; `restore` makes it so again.

    `belongs(name)` says of a module by its name that the runner's half executes it anew for each task, and what it
    holds is put back as deep as `DEPTH`. Of others, what their names refer to is put back, and what lists,
    dictionaries and sets among these hold.
    """

    def __init__(self):
        self._loaded = None
        self._belongs = None

    def note(self, belongs):
        """Returns whether there was anything to note."""
        if self._loaded == sys.modules and self._belongs is belongs:
            return False
        self._belongs = belongs
        self._loaded = sys.modules.copy()
        self._namespaces = []
        self._late = []
        self._containers = []
        self._caches = []
        # The environment has its own keeper.
        self._seen = set([id(sys.modules), id(os.environ), id(getattr(os.environ, '_data', None) or os.environ.data)])
        for name, module in self._loaded.items():
            if type(module) is types.ModuleType:
                self._note_module(name, module)
            elif getattr(type(module), 'put_back', False):
                self._late.append((module, type(module), types.ModuleType.__getattribute__(module, '__dict__').copy()))
        self._seen = None
        self._arrange()
        return True

    def forked(self):
        """In a new executor: what has been made anew there is as it should be."""
        for namespace in self._often:
            if namespace.name in MADE_ANEW:
                namespace.before = dict(namespace.now)

    def _arrange(self):
        """The values of all namespaces that seldom change in one row: to compare it costs less than to compare each."""
        self._often = [n for n in self._namespaces if n.often]
        self._seldom = [n for n in self._namespaces if not n.often]
        if not PY2:
            self._views = [n.now.values() for n in self._seldom]
            self._row = list(itertools.chain.from_iterable(self._views))

    def _note_module(self, name, module):
        namespace = module.__dict__
        self._seen.add(id(namespace))
        self._namespaces.append(Namespace(name, module, namespace))
        depth = DEPTH if self._belongs(name) else 0
        for key, value in list(namespace.items()):
            if isinstance(value, CLASSES) and getattr(value, '__module__', None) == name and id(value) not in self._seen:
                self._seen.add(id(value))
                # The lazy modules of six forget how they find a name that they have found.
                if getattr(value, '__flags__', HEAP_TYPE) & HEAP_TYPE and not issubclass(value, types.ModuleType):
                    self._namespaces.append(Namespace('%s.%s' % (name, value.__name__), value, value.__dict__))
            elif depth or not is_cache(key):
                self._note_value('%s.%s' % (name, key), value, depth)

    def _note_value(self, label, value, depth):
        kind = type(value)
        if kind in (dict, list, set):
            if not (kind is dict and '__import__' in value):
                self._note_container(label, value, depth)
        elif not depth or isinstance(value, types.ModuleType):
            pass  # a module has its own turn
        elif kind.__name__ == '_lru_cache_wrapper':
            self._caches.append(value)
        elif self._belongs(getattr(kind, '__module__', None) or '') and isinstance(getattr(value, '__dict__', None), dict):
            self._note_container(label, value.__dict__, min(depth, 2))

    def _note_container(self, label, container, depth):
        if id(container) in self._seen:
            return
        self._seen.add(id(container))
        copy = container[:] if isinstance(container, list) else container.copy()
        self._containers.append((label, container, copy))
        for value in list(copy.values() if isinstance(copy, dict) else copy) if depth else ():
            self._note_value(None, value, depth - 1)

    # -- after a task --

    def restore(self, changed):
        """Appends to `changed` what is put back."""
        for module, kind, names in self._late:
            if type(module) is not kind:
                namespace = types.ModuleType.__getattribute__(module, '__dict__')
                namespace.clear()
                namespace.update(names)
                module.__class__ = kind
        self._restore_namespaces(changed)
        for label, container, copy in self._containers:
            try:
                if container == copy:
                    continue
            except Exception:
                pass  # Something in it cannot be compared: as good as changed.
            if label and not self._belongs(label) and label != 'sys.argv' and '._' not in label:
                changed.append(label)
            if isinstance(container, list):
                container[:] = copy
            else:
                container.clear()
                container.update(copy)
        for cache in self._caches:
            cache.cache_clear()

    def restore_loaded(self, changed, imported):
        """Appends to `imported` what of Python's own, or of LIBRARIES, was not loaded before, and maybe patched since; returns
        why the process must be retired, or None."""
        if sys.modules == self._loaded:
            return None
        for name, module in list(sys.modules.items()):
            if name in self._loaded:
                if module is not self._loaded[name]:
                    sys.modules[name] = self._loaded[name]
                    if name != '__main__' and not self._belongs(name):
                        changed.append('module ' + name)
            elif module is None or self._belongs(name):
                del sys.modules[name]
            elif is_standard(name, module) or name.partition('.')[0] in LIBRARIES:
                imported.append(name)
            elif location(module):
                return 'it imported %s, which may keep state' % name
            else:
                changed.append('module ' + name)
                del sys.modules[name]
        for name in [n for n in self._loaded if n not in sys.modules]:
            sys.modules[name] = self._loaded[name]
            if not self._belongs(name):
                changed.append('module ' + name)
        return None

    def _restore_namespaces(self, changed):
        seldom = [n for n in self._seldom if n.changed()] if self._row_differs() else []
        for namespace in [n for n in self._often if n.changed()] + seldom:
            namespace.restore(changed)
            namespace.often = True
        if seldom:
            self._arrange()

    def _row_differs(self):
        # The classes of 2.7 have no view of their names.
        try:
            return PY2 or list(itertools.chain.from_iterable(self._views)) != self._row
        except Exception:
            return True
