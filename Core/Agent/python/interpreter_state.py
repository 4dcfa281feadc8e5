"""What a task may change in the interpreter itself, where no module's names show it, and in libraries' own stores."""


class InterpreterState(object):
    """Noted when the executor begins. `restore` returns why the process must be retired, or None."""

    def __init__(self):
        self._settings = [(name, getter(), setter) for name, getter, setter in settings()]
        self._locale = self._current_locale()
        self._encoding = sys.getdefaultencoding()
        self._decimal = 'decimal' in sys.modules and sys.modules['decimal'].getcontext().copy()
        draw_anew()

    def restore(self, changed):
        """Before the environment is put back: it says which locale a task has without asking for one."""
        if sys.getdefaultencoding() != self._encoding:
            return 'it changed the default encoding'
        sys.settrace(None)
        sys.setprofile(None)
        signal.set_wakeup_fd(-1)
        for (name, before, setter), (_, getter, _) in zip(self._settings, settings()):
            if getter() != before:
                changed.append(name)
                setter(before)
        self._restore_locale(changed)
        self._restore_warnings(changed)
        self._restore_libraries(sys.modules.get, changed)

    @staticmethod
    def _current_locale():
        module = sys.modules.get('_locale')
        return module.setlocale(module.LC_ALL, None) if module else None

    def _restore_locale(self, changed):
        now = self._current_locale()
        if now == self._locale:
            return
        module = sys.modules['_locale']
        try:
            # Every AnsibleModule takes the environment's.
            if now != module.setlocale(module.LC_ALL, ''):
                changed.append('locale')
        except module.Error:
            changed.append('locale')
        module.setlocale(module.LC_ALL, self._locale or 'C')

    def note_warnings(self):
        warnings = sys.modules.get('warnings')
        self._filters = warnings and (warnings.filters, warnings.filters[:])

    def _restore_warnings(self, changed):
        warnings = sys.modules.get('warnings')
        if self._filters and (warnings.filters is not self._filters[0] or warnings.filters != self._filters[1]):
            changed.append('warnings.filters')
            warnings.filters = self._filters[0]
            warnings.filters[:] = self._filters[1]
            # Python 3 keeps what it has decided until it is told.
            for name in ('_filters_mutated', '_filters_mutated_lock_held'):
                getattr(warnings, name, int)()

    def _restore_libraries(self, loaded, changed):
        # Lines of another program's file of the same name.
        if loaded('linecache'):
            loaded('linecache').clearcache()
        if loaded('inspect'):
            loaded('inspect').modulesbyfile.clear()
            loaded('inspect')._filesbymodname.clear()
        draw_anew()
        if self._decimal:
            if rules_of(loaded('decimal').getcontext()) != rules_of(self._decimal):
                changed.append('decimal context')
            loaded('decimal').setcontext(self._decimal.copy())
        logging = loaded('logging')
        if logging and (logging.root.handlers or logging.root.manager.loggerDict or logging.root.manager.disable):
            logging.disable(logging.NOTSET)
            logging.root.setLevel(logging.WARNING)
            for logger in [logging.root] + list(logging.root.manager.loggerDict.values()):
                if hasattr(logger, 'handlers'):
                    logger.handlers[:] = []
                    logger.filters[:] = []
            logging.root.manager.loggerDict.clear()
        # A task may have installed a library where the next one looks for it.
        for finder in list(sys.path_importer_cache.values()):
            if hasattr(finder, 'invalidate_caches'):
                finder.invalidate_caches()


def draw_anew():
    """No task draws what another has drawn, or a seed foretells."""
    if 'random' in sys.modules:
        # Without a seed 2.7 takes 2,500 bytes, and a third of a millisecond.
        sys.modules['random'].seed(int(binascii.hexlify(os.urandom(32)), 16))


def rules_of(context):
    """A decimal context without the flags that computing raises."""
    return context.prec, context.rounding, context.Emin, context.Emax, context.capitals, dict(context.traps)


def settings():
    """(name, what reads it, what sets it), of what this Python and the modules that are loaded have."""
    found = [
        ('recursion limit', sys.getrecursionlimit, sys.setrecursionlimit),
        ('garbage collection', gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
        ('thresholds of garbage collection', gc.get_threshold, lambda values: gc.set_threshold(*values)),
        ('size of threads\' stacks', thread.stack_size, thread.stack_size),
    ]
    for name, suffix in (('switch interval', 'switchinterval'), ('check interval', 'checkinterval'),
                         ('dlopen flags', 'dlopenflags'), ('longest number', 'int_max_str_digits')):
        if hasattr(sys, 'get' + suffix) and not (PY2 is False and suffix == 'checkinterval'):
            found.append((name, getattr(sys, 'get' + suffix), getattr(sys, 'set' + suffix)))
    socket = sys.modules.get('_socket')
    if socket:
        found.append(('socket timeout', socket.getdefaulttimeout, socket.setdefaulttimeout))
    return found
