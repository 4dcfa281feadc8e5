"""What is compared after each task with what was before it: this part is for the fork server and the executors.

A fork server that has it notes the modules that it has imported; executors made from then on inherit the notes, and
may serve more than one task. What a task has changed is put back. Where that cannot be done, the executor is retired.
"""

# Of what a module has changed, so much is told.
MAX_TOLD = 20


class Tidier(object):
    def __init__(self):
        self.modules = ModuleState()
        self.process = None

    def note(self, belongs):
        """What is loaded now is as it should be; in the fork server, before it makes an executor."""
        if self.modules.note(belongs or nothing_belongs) and hasattr(gc, 'freeze'):
            # What stays is looked at no more: a collection after each task costs a twentieth.
            gc.collect()
            gc.freeze()

    def begin(self, control):
        """In a new executor."""
        self.process = ProcessState(control)
        self.modules.forked()
        self.interpreter = InterpreterState()
        self.interpreter.note_warnings()

    def restore(self):
        """What the agent is told, nothing if all is well: `said`, for the log behind the module's name; `imported`,
        modules of Python's own that the fork server should have; `ends`, this process does; `harm`, by the module."""
        changed, imported = [], []
        try:
            # Files and temporary directories in a cycle of objects that nobody holds; the older ones if descriptors are left.
            gc.collect(*() if hasattr(gc, 'freeze') else (1,))
            reason = self.modules.restore_loaded(changed, imported)
            if not (reason or imported):
                # First what the others call; the environment, which tells the task's locale, last.
                self.modules.restore(changed)
                reason = self.interpreter.restore(changed) or self.process.restore(changed)
        except Exception as e:
            reason = 'left a state that cannot be put back: %s: %s' % (type(e).__name__, e)
        return report_of(changed, imported, reason)


def nothing_belongs(name):
    return False


def report_of(changed, imported, reason):
    if reason:
        return {'ends': True, 'harm': True, 'said': ['%s; its interpreter is not used again' % reason]}
    if imported:
        return {'ends': True, 'imported': imported}
    if changed:
        more = ' and %d more' % (len(changed) - MAX_TOLD) if len(changed) > MAX_TOLD else ''
        return {'said': ['it changed %s%s; put back' % (', '.join(changed[:MAX_TOLD]), more)]}
    return {}
