# The Python half of the new-style runner: runs, in an executor, a module that imports ansible.module_utils.
#
# Stock Ansible sends such a module as a zip and a fresh interpreter imports from it. Here the same files are in memory,
# and an executor runs many modules. So that no module can tell the difference:
#
# - `ansible.module_utils.basic` and what it imports stay loaded. All else of Ansible's is dropped after each task and
#   executed anew, from compiled code.
# - What a module changes in what stays loaded, in the interpreter and in its process is put back by the executor, which
#   is retired where that cannot be done (Core/Agent/python/tidy.py).
#
# Python 2.7 and 3.6 to 3.14. `importer.py` stands before this in the same namespace.
# (Comments, not docstrings: what stands inside the half is no docstring, and would travel.)

IMPORTER = Importer()
PAYLOAD = Payload()
# `shared`: the modules that stay loaded, and of which files they are made. `serves`: programs that have the same files.
STATE = {'shared': None, 'serves': set(), 'begun': False, 'exit': None}


def belongs(name):
    return is_ours(name)


def preload(program, files):
    """Imports what modules share. In the fork server, so that later executors have it from birth; else when needed."""
    program = program_of(program, files)
    if IMPORTER not in sys.meta_path:
        sys.meta_path.insert(0, IMPORTER)
    if BASIC not in program.modules:
        return False
    if STATE['shared'] is not None:
        if id(program) in STATE['serves']:
            return False
        if serves(STATE['shared'], program):
            STATE['serves'].add(id(program))
            return False
    drop()
    IMPORTER.program = program
    names = [BASIC]
    if LOADER in program.modules:
        names += [LOADER] + [n for n in program.modules if n.startswith('ansible.module_utils._internal._json._profiles.')]
    for name in names:
        __import__(name)
    spare_forks()
    STATE['shared'] = dict((n, program.hashes.get(program.modules[n][0])) for n in sys.modules
                           if is_ours(n) and n in program.modules)
    STATE['serves'] = set([id(program)])
    return True


def serves(shared, program):
    """Whether what is loaded was made from the files that this program has."""
    return not [n for n, h in shared.items() if program.hashes.get(program.modules.get(n, (None,))[0]) != h]


def spare_forks():
    # `run_command` names a function to be called between fork and exec, which does nothing where there is no umask to set. For its sake
    # Python forks, where it else has the child borrow its memory until exec (vfork, from 3.10 on): a copy of all that is mapped
    # here, and then a page fault for each page that is written, by the module, and by the executor when it compares.
    subprocess = sys.modules.get('subprocess')
    if PY2 or subprocess is None or hasattr(subprocess.Popen, '_execute_forked'):
        return
    forked = subprocess.Popen._execute_forked = subprocess.Popen._execute_child

    def _execute_child(popen, args, executable, preexec_fn, *more):
        forked(popen, args, executable, None if does_nothing(preexec_fn) else preexec_fn, *more)

    subprocess.Popen._execute_child = _execute_child


def does_nothing(function):
    # Whether it is the one of `run_command`, as it has been so far, without a umask. (What 2.16 calls in it is for Python 2.)
    code = getattr(function, '__code__', None)
    if code is None or function.__module__ != BASIC or code.co_name != 'preexec':
        return False
    values = dict(zip(code.co_freevars, [cell.cell_contents for cell in function.__closure__ or ()]))
    return set(code.co_names) <= set(('_restore_signal_handlers', 'os', 'umask')) and not values.get('umask', True) \
        and type(values.get('self')).__module__ in (BASIC, 'builtins')


def drop():
    """Forgets Ansible's modules."""
    for name in [n for n in sys.modules if is_ours(n)]:
        del sys.modules[name]


class Main(types.ModuleType):
    """A module's `__main__`."""

    @property
    def _modlib_path(self):
        return PAYLOAD.path(IMPORTER.program)


def run(executor, program, files, call, arguments):
    begin()
    selinux_came()
    ready = program_of(program, files)
    if ready.nofile:
        limit_files(ready.nofile)
    if call.get('merge'):
        merge()
    main = Main('__main__')
    try:
        rc = exit_code_of(execute, executor, ready, program, main, call, arguments)
    finally:
        finish()
    if not thread_count():
        # What the end of an interpreter does: files are flushed and temporary ones removed as their owners go.
        main.__dict__.clear()
    return rc


def begin():
    if STATE['begun']:
        return
    STATE['begun'] = True
    if PY2:
        STATE['exit'] = atexit._exithandlers[:]
    else:
        # The agent's own imports have registered nothing that a module could expect.
        atexit._clear()
        register_again()


def execute(executor, ready, program, main, call, arguments):
    try:
        if preload(program, ready.files):
            executor.note(belongs)
    except SyntaxError:
        # Ansible's own refusal of an old Python is in a file that the oldest of them cannot read.
        wanted = minimum_python(ready)
        if sys.version_info[:2] >= wanted:
            raise
        import json
        print(json.dumps({'failed': True, 'msg': 'ansible-core requires a minimum of Python version %d.%d. '
                          'Current version: %s' % (wanted + (''.join(sys.version.splitlines()),))}))
        return 1
    IMPORTER.program = ready
    main.__file__ = '%s/%s' % (ROOT, ready.entry)
    main.__loader__ = IMPORTER
    # 2.7 takes no text for it.
    main.__package__ = str(ready.name.rpartition('.')[0])
    main._module_fqn = ready.name
    if not PY2:
        main.__spec__ = IMPORTER.find_spec(ready.name)
        main.__cached__ = None
    sys.modules['__main__'] = main
    sys.argv[:] = [main.__file__]
    folders = (call.get('environment') or {}).get('PYTHONPATH') or ''
    STATE['path'] = [str(folder) for folder in folders.split(os.pathsep) if folder]
    sys.path[:0] = STATE['path']
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


def minimum_python(program):
    """What `basic` says that it needs; (0, 0) where it does not say so in one line."""
    import re
    found = re.search(br'^_PY_MIN = [(](\d+), (\d+)[)]', program.source(BASIC), re.M)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


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
    for call in reversed(getattr(threading, '_threading_atexits', ())):
        call()
    if threading and thread_count():
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    if PY2:
        before = STATE['exit']
        handlers = atexit._exithandlers
        mine, handlers[:] = [h for h in handlers if h not in before], []
        handlers[:] = mine
        atexit._run_exitfuncs()
        handlers[:] = before
    else:
        atexit._run_exitfuncs()
        register_again()


AT_EXIT = (
    ('logging', 'shutdown'), ('multiprocessing.util', '_exit_function'), ('concurrent.futures.thread', '_python_exit'))


def register_again():
    """These register their exit handlers once for the life of an interpreter, which goes on here."""
    if 'weakref' in sys.modules:
        sys.modules['weakref'].finalize._registered_with_atexit = False
        sys.modules['weakref'].finalize._shutdown = False
    for name, function in AT_EXIT:
        if name in sys.modules:
            atexit.register(getattr(sys.modules[name], function))


def merge():
    """As on a terminal: one stream, line by line."""
    import fcntl
    STATE['stderr'] = os.dup(2)
    fcntl.fcntl(STATE['stderr'], fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    os.dup2(1, 2)
    line_buffered(True)


def line_buffered(on):
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(line_buffering=on)


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


def clean(executor):
    """After the answer."""
    PAYLOAD.remove()
    for folder in STATE.pop('path', ()):
        if folder in sys.path:
            sys.path.remove(folder)
    if 'stderr' in STATE:
        os.dup2(STATE['stderr'], 2)
        os.close(STATE.pop('stderr'))
        line_buffered(False)
    if 'nofile' in STATE:
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, STATE.pop('nofile'))


HERE = run.__code__.co_filename
