"""Reads the modules of one of heartwire's programs, and forks as often as a test starts it (see warm.py)."""

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any, Final

_LONGEST: Final = 1 << 20
_PR_SET_PDEATHSIG: Final = 1


def _serve(tests: socket.socket) -> Mapping[str, Any] | None:
    """Fork and collect as asked; return what to be, in a child, and nothing when the tests are over."""
    while question := tests.recv(_LONGEST):
        read = json.loads(question)
        if "collect" in read:
            pid, status = os.waitpid(read["collect"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                return dict(read)
        tests.sendall(json.dumps(answer).encode())
    return None


def _become(given: Mapping[str, Any]) -> None:
    """Be a process as one that was started by itself: session, files, folder, environment, words."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    log = os.open(given["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(given["directory"])
    os.environ.clear()
    os.environ.update(given["env"])
    sys.argv = [given["module"], *given["words"]]


def main() -> None:
    """Run as ``python -m tests.servers.warm_parent FILE_DESCRIPTOR MODULE[:FUNCTION] ...``."""
    descriptor, *reads = sys.argv[1:]
    for read in reads:
        name, _, function = read.partition(":")
        module = importlib.import_module(name)
        if function:
            getattr(module, function)()
    gc.freeze()
    with socket.socket(fileno=int(descriptor)) as tests:
        given = _serve(tests)
    if given is not None:
        _become(given)
        runpy.run_module(given["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
