"""A program on a leash: it runs as another user if asked, and ends when the process that started it ends.

Run as a script by `heartwire.embedded.child`, alone (no site packages, nothing of heartwire)::

    python -I -S leash.py PARENT SIGNAL USER:GROUP|- DIRECTORY|- PROGRAM ARGUMENT...

PARENT is the process that starts it; when it ends, PROGRAM gets SIGNAL. On Linux the kernel sees to that, and PROGRAM
takes this process's place; elsewhere this process stays and looks twice a second. USER:GROUP are numbers.
``{directory}`` in PROGRAM's arguments becomes a path by which it reaches DIRECTORY even where its user may not pass the
directories above (Linux).
"""

import ctypes
import os
import signal
import subprocess
import sys
from typing import NoReturn

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOOK_EVERY_S = 0.5


def main(words: list[str]) -> NoReturn:
    """Run the program; its exit code is ours."""
    parent, signal_number = int(words[0]), int(words[1])
    account, directory, program = words[2], words[3], words[4:]
    if directory != "-":
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        os.set_inheritable(descriptor, True)
        program = [word.replace("{directory}", f"/proc/self/fd/{descriptor}") for word in program]
    if account != "-":
        user, group = map(int, account.split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if sys.platform == "linux":
        # After the change of user, which would undo it.
        if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
            sys.exit("leash: prctl refused")
        if os.getppid() != parent:
            sys.exit("leash: the parent has ended already")
        os.execv(program[0], program)  # noqa: S606 # no shell is wanted
    watch(parent, signal_number, program)


def watch(parent: int, signal_number: int, program: list[str]) -> NoReturn:
    """Stay, pass signals on, and end the program when the parent is gone."""
    child = subprocess.Popen(program)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    told = False
    while True:
        try:
            code = child.wait(timeout=_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent and not told:
                child.send_signal(signal_number)
                told = True
            continue
        sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(sys.argv[1:])
