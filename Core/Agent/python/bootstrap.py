"""The command that a plan's bootstrap elements stand for: an interpreter, `-c`, and the first stage.

The texts are those of Core/Launch/FirstStage and ShellQuoting; both sides are compared with Tests/Vectors/bootstrap
and Tests/Vectors/quoting.json, where the constraints on them are explained.
"""

# Nothing is imported from the working directory, which on the way to another account belongs to somebody else.
SAFE_PATH = (
    'import sys;v=sys.version_info;(2,7)<=v<(3,)or v>(3,6)or sys.exit(126);sys.path=[p for p in sys.path if p];')
READ_CORE = (
    'import os,zlib;os.write(1,b"MI"b"TO:{nonce};");b=bytearray();n=lambda:{size}-len(b);'
    'list(iter(lambda:b.extend(os.read(0,n())or os._exit(1))or n(),0));exec(zlib.decompress(bytes(b)))')
FIRST_STAGE = SAFE_PATH + READ_CORE
FIRST_STAGE_TTY = SAFE_PATH + 'import tty;tty.setraw(0);' + READ_CORE
TRIALS = (
    '_m=;_t="import sys,zlib;v=sys.version_info[:2];sys.exit(v<(2,7)or(3,0)<=v<(3,6))";while [ "$_m" ]||{ {attempts};'
    'printf MITO:%s! {nonce};};read -r _s;do eval "$_s";done;exit 127')
TRIAL = TRIALS.replace(
    '{attempts}', 'for _p do "$_p" -c "$_t" </dev/null >/dev/null 2>&1&&exec "$_p" -c "$0";done')
TRIAL_CONFIGURED = TRIALS.replace('{attempts}', '"$@" -c "$_t" </dev/null >/dev/null 2>&1&&exec "$@" -c "$0"')
DISCOVERY = (
    'for _p do _c=$(command -v "$_p")||continue;case $_c in */shims/*)"$_p" -c "" 2>/dev/null </dev/null||continue;;esac;'
    'exec "$_p" -c "$0";done;') + TRIAL

PLAIN = frozenset('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-,:')


def bootstrap_command(plan, python, candidates, nonce, size, trial=False):
    """`python`: the words of the configured interpreter, or None; then a hop to a new machine looks for one.

    `trial`: an interpreter is run once for nothing first, and where none can be, there is a shell.
    """
    stage = FIRST_STAGE_TTY if plan.get('stdio') == 'tty' else FIRST_STAGE
    stage = stage.replace('{nonce}', nonce).replace('{size}', str(size))
    if trial:
        line, words = (TRIAL_CONFIGURED, python) if python else (TRIAL, candidates)
    elif python or plan.get('interpreter', 'direct') == 'direct':
        return (python or [sys.executable or 'python']) + ['-c', stage]
    else:
        line, words = DISCOVERY, candidates
    return ['/bin/sh', '-c', line.replace('{nonce}', nonce), stage] + words


def command_line(plan, bootstrap, files):
    """The plan's argv with its bootstrap put in, and the paths of its secret files, which `files` has by slot."""
    words = []
    for element in plan['argv']:
        if not isinstance(element, dict):
            words.append(element)
        elif 'secret_file' in element:
            words.append(files[element['secret_file']].path)
        elif element['bootstrap'] == 'argv':
            words += bootstrap
        else:
            words.append(quote_command(bootstrap))
    return words


def quote_command(words):
    """One string for a login shell that nobody has asked about: sh, bash, zsh, fish or tcsh."""
    if not [w for w in words if '\n' in w]:
        return ' '.join([quote_word(w, index == 0) for index, w in enumerate(words)])
    # No common form for a newline: through sh, which strips newlines from what a command printed, hence the x.
    script = 'n=$(printf "\\012x");n=${n%x};exec'
    for word in words:
        script += ' ' + '"$n"'.join([quote_word(p, True) if p else '' for p in word.split('\n')])
    return quote_command(['/bin/sh', '-c', script])


def quote_word(word, is_command=False):
    """A bare first word could be a shell's keyword or an alias; in quotes it cannot."""
    if not word:
        return "''"
    if PLAIN.issuperset(word) and (not is_command or '/' in word):
        return word
    result, is_open = '', False
    for character in word:
        special = character in "'\\!"
        if special == is_open:
            result += "'"
            is_open = not is_open
        result += '\\' + character if special else character
    return result + "'" if is_open else result
