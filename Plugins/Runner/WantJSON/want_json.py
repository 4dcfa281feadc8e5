# The Python half of the WANT_JSON runner. script.py stands before this in the same namespace.


def run(executor, program, files, call, arguments):
    return run_script(executor, program, source_of(program, files), call, arguments)
