#!/usr/bin/python3
"""Stands in for programs that change the account and that no Debian has, each as its manual says it behaves.

pfexec  [-P PRIVS] COMMAND [ARGUMENT...]: no password; what the account may is in its profile, here the rules' `account`.
dzdo    sudo's options; with -S the prompt of -p goes to stderr and the password is a line of stdin, three times at most.
pbrun   [-u USER] COMMAND: asks on the terminal; a command in one word is run by a shell.
ksu     USER [-n PRINCIPAL] [-e COMMAND [ARGUMENT...]]: Kerberos asks on the terminal; COMMAND is executed, without a shell.
enter   a site's own gate: [--quiet] --as USER -- COMMAND [ARGUMENT...]; asks on the terminal and says who it is.

It is strict about its command line: what the manual does not have is exit status 64. rules.json beside it
has the password, and the account of a profile.
"""
import json
import os
import pwd
import sys
import termios
from pathlib import Path

NAME = Path(sys.argv[0]).name
RULES = json.loads((Path(sys.argv[0]).resolve().parent / "rules.json").read_text())


def usage(problem):
    print("%s: usage: %s" % (NAME, problem), file=sys.stderr)
    sys.exit(64)


def refuse(text):
    print(text, file=sys.stderr)
    sys.exit(1)


def ask_on_terminal(prompt):
    """A line from /dev/tty without echo."""
    try:
        fd = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    mode = termios.tcgetattr(fd)
    silent = mode[:3] + [mode[3] & ~termios.ECHO] + mode[4:]
    termios.tcsetattr(fd, termios.TCSAFLUSH, silent)
    os.write(fd, prompt.encode())
    line = read_line(fd)
    os.write(fd, b"\n")
    termios.tcsetattr(fd, termios.TCSAFLUSH, mode)
    return line


def read_line(fd):
    """Byte by byte: what comes behind the line is the command's."""
    line = b""
    while True:
        byte = os.read(fd, 1)
        if byte in (b"", b"\n"):
            return line.decode()
        line += byte


def become(user, argv):
    account = pwd.getpwnam(user)
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        refuse("%s: %s: %s" % (NAME, argv[0], error.strerror))


def options(words, flags, values):
    """({option: value}, the words behind); at the first word that is none it ends, as these programs do."""
    found, words = {}, list(words)
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word == "--":
            break
        if word in flags:
            found[word] = True
        elif word in values and words:
            found[word] = words.pop(0)
        else:
            usage("no option %s" % word)
    return found, words


def pfexec(words):
    _, command = options(words, (), ("-P",))
    become(RULES["account"], command or usage("a command"))


def dzdo(words):
    given, command = options(words, ("-H", "-S", "-n", "-E"), ("-p", "-u"))
    for _ in range(3):
        if "-n" in given:
            refuse("dzdo: a password is required")
        prompt = given.get("-p", "[dzdo] password: ")
        if "-S" in given:
            os.write(2, prompt.encode())
            password = read_line(0)
        else:
            password = ask_on_terminal(prompt)
        if password == RULES["password"]:
            become(given.get("-u", "root"), command or usage("a command"))
        print("Sorry, try again.", file=sys.stderr)
    refuse("dzdo: 3 incorrect password attempts")


def pbrun(words):
    given, command = options(words, (), ("-u",))
    password = ask_on_terminal("Password:")
    if password != RULES["password"]:
        refuse("pbrun: invalid password")
    become(given.get("-u", "root"), ["/bin/sh", "-c", command[0]] if len(command) == 1 else usage("one command"))


def ksu(words):
    user = words.pop(0) if words and not words[0].startswith("-") else usage("a target user")
    at = words.index("-e") if "-e" in words else usage("-e")
    if options(words[:at], (), ("-n",))[1]:
        usage("options only before -e")
    password = ask_on_terminal("Kerberos password for %s@EXAMPLE.ORG: " % user)
    if not password:
        refuse("ksu: No password given")
    if password != RULES["password"]:
        refuse("ksu: Password incorrect")
    become(user, words[at + 1:])


def enter(words):
    given, command = options(words, ("--quiet",), ("--as",))
    if "--quiet" not in given:
        print("This gate is watched.", file=sys.stderr)
    password = ask_on_terminal("Who are you, really? ")
    if password is None:
        refuse("Then do not.")
    if password != RULES["password"]:
        refuse("You are not.")
    become(given.get("--as") or usage("--as"), command)


{"pfexec": pfexec, "dzdo": dzdo, "pbrun": pbrun, "ksu": ksu, "enter": enter}[NAME](sys.argv[1:])
