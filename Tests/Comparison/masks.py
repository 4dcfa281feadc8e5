"""What may differ between two runs of the same playbook, and why. Nothing else is forgiven.

A mask replaces a value, it does not drop it: a key that only one side has is a difference.
"""
import re

#: Keys of results whose values are moments, durations or numbers that the system gives out.
KEYS = {
    "start": "when a command ran",
    "end": "when a command ran",
    "delta": "how long a command ran",
    "child_pid": "a job's process",
    "elapsed": "how long a download or a wait took",
    "atime": "when a file was read",
    "mtime": "when a file was written",
    "ctime": "when a file was changed",
    "inode": "which inode was free",
    "_original_basename": "of content given inline: the controller's temporary file",
    "ansible_job_id": "number and PID of a job",
    "started": "an async job reports its number of polls by it",
    "version": "of a file: the generation of its inode",
    "_": "which program a shell started last",
    "date": "header of an HTTP answer",
    "last_modified": "header of an HTTP answer",
    "frame": "where in Ansible's own code a time limit struck",
}
#: Keys that mean something else elsewhere: `version` outside of a `stat` is the version of a package or of Python; `_` is a variable
#: of the environment.
ONLY_IN = {"version": "stat", "_": "ansible_env"}

#: Facts of a machine that lives.
FACTS = {
    "ansible_date_time": "the time",
    "ansible_uptime_seconds": "the time",
    "ansible_memfree_mb": "memory in use",
    "ansible_memory_mb": "memory in use",
    "ansible_swapfree_mb": "memory in use",
    "ansible_loadavg": "load",
    "ansible_mounts": "blocks in use",
    "ansible_iscsi_iqn": "read anew each time",
    "ansible_interfaces": "namespaces of other tests come and go",
}

#: Variables of the controller's own environment that switch a side on.
SWITCHES = ("ANSIBLE_",)

#: Tasks that fail before a module runs, or because its interpreter ended. That both sides fail in the same way (failed, unreachable,
#: ignored) is compared, and every other key; what they say is not: ours names the hop, what happened and what to do.
OWN_WORDS = {
    "a host that is not there": "ssh cannot connect",
    "ignored, though not there": "ssh cannot connect",
    "an account that does not exist": "stock shows what sudo wrote where it expected a module's result",
    "that exits with a status": "stock has nothing to say",
}
WORDS = ("msg", "module_stderr", "module_stdout", "rc", "exception", "changed")

#: Lists that were sets: their order is any.
SETS = ("ansible_virtualization_tech_guest", "ansible_virtualization_tech_host")

#: Parts of strings, first match first.
STRINGS = [
    # a task's directory on the target, and the controller's: time, PID and a random number
    # (ours has one folder for each node, and the home of the account that is become)
    (re.compile(r"/[\w./-]*/(?:mitogen-[0-9a-f]{16}/)?ansible-tmp-[0-9.]+-\d+-\d+"), "TASK-TMP"),
    (re.compile(r"ansible-moduletmp-[0-9.]+-\w+"), "ansible-moduletmp-#"),
    (re.compile(r"ansible-local-\w+/tmp\w+"), "ansible-local-#"),
    (re.compile(r"ansible-local-\w+"), "ansible-local-#"),
    # where a module unpacked itself
    (re.compile(r"/(?:var/)?tmp/ansible_[\w.]+_payload_\w+/ansible_[\w.]+_payload\.zip"), "PAYLOAD"),
    (re.compile(r"/(?:var/)?tmp/ansible_[\w.]+_payload_\w+"), "PAYLOAD"),
    # a traceback: stock's wrapper is in it, and ours has the module's source lines
    (re.compile(r'(?m)^ +File "(?:<stdin>|<frozen runpy>|/[^"\n]*runpy\.py|TASK-TMP/AnsiballZ_\w+\.py)", line \d+, in .*\n(?:    .*\n)?'), ""),
    (re.compile(r'File "/mitogen/'), 'File "PAYLOAD/'),
    (re.compile(r'(?m)^( +File "PAYLOAD/[^"\n]+", line \d+, in .*\n)    .*\n'), r"\1"),
    # what reads a job's result, which is ours
    (re.compile(r'(?m)^ +File "(?:PAYLOAD/ansible/modules/async_wrapper\.py|runner)", line \d+, in .*\n(?:    .*\n)?'), ""),
    # when a command ran, in a module's output as it stands
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"), "TIME"),
    (re.compile(r"\b\d:\d\d:\d\d\.\d{6}"), "DURATION"),
    # the name of tempfile's result, of an atomic move's and of an assembled file's source
    (re.compile(r"\bcomparison\.\w+"), "comparison.#"),
    (re.compile(r"\.ansible_tmp\w+"), ".ansible_tmp#"),
    (re.compile(r"/tmp\w{8}\b"), "/tmp########"),
    # PID and time in the name of a backup
    (re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~"), ".PID.TIME~"),
    # a job: a random number and a PID
    (re.compile(r"\bj\d+\.\d+"), "JOB"),
    # the client's port of an ssh session
    (re.compile(r"(?<=127\.0\.0\.\d )\d{4,5}(?= )"), "PORT"),
    # ssh's masters are named after nothing that lasts
    (re.compile(r"\b[0-9a-f]{10}\b(?=-|$)"), "CONTROL"),
]

#: What ssh says where it cannot connect, wrapped to the terminal's width; the host and the warning are compared.
UNREACHABLE = re.compile(r"(\[WARNING\]: Unhandled error in Python interpreter discovery for host \S+:)(?: \S.*)?\n(?:(?!\[).*\n)*")


def masked_warnings(stderr):
    """The lines of a run's stderr."""
    return [line for line in UNREACHABLE.sub(r"\1 WORDS\n", stderr).splitlines() if line.strip()]


def masked(value, key="", parents=()):
    """`value` with all that may differ replaced by what it is."""
    if key in FACTS or (key in KEYS and (key not in ONLY_IN or ONLY_IN[key] in parents)):
        return f"<{FACTS.get(key) or KEYS[key]}>"
    if isinstance(value, dict):
        return {name: masked(item, name, (*parents, key)) for name, item in value.items() if not name.startswith(SWITCHES)}
    if isinstance(value, list):
        if key in SETS:
            value = sorted(value)
        return [masked(item, "", (*parents, key)) for item in value]
    if isinstance(value, str):
        for pattern, word in STRINGS:
            value = pattern.sub(word, value)
    return value


def masked_result(result, task):
    """A task's masked result; `task` is its name."""
    if task in OWN_WORDS:
        result = {key: value for key, value in result.items() if key not in WORDS}
    return masked(result)
