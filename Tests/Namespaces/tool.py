"""A stand-in for docker, lxc-info and the like: tool.py FILE ARGUMENTS…

FILE says which arguments must come, exactly, and what is then said: {"argv","stdout","stderr","rc","hangs"}.
"""
import json
import os
import signal
import sys

with open(sys.argv[1]) as f:
    scene = json.load(f)
if sys.argv[2:] != scene["argv"] or sys.stdin.read() or os.environ.get("LC_ALL") != "C":
    sys.exit("the stand-in was asked %r, not %r" % (sys.argv[2:], scene["argv"]))
if scene.get("hangs"):
    signal.pause()
sys.stdout.write(scene.get("stdout", ""))
sys.stderr.write(scene.get("stderr", ""))
sys.exit(scene.get("rc", 0))
