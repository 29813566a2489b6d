"""Ends a process group when its owner is gone, however it went; run as a script, stdlib only.

It leads the group, so the group's id cannot be reused while it lives. Standard input is a pipe
whose only writer is the owner: end of file means the owner closed it or died. The descriptor
named in the first argument is a pipe whose writers are the children: end of file means that all
of them are gone. Further arguments are paths to remove at the end.
"""

import os
import select
import shutil
import signal
import sys

# SIGTERM lets services drain while PostgreSQL waits for its clients; SIGINT is its fast shutdown.
STEPS = ((signal.SIGTERM, 10.0), (signal.SIGINT, 10.0))
IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    children, leftovers = int(sys.argv[1]), sys.argv[2:]
    for ignored in IGNORED:
        signal.signal(ignored, signal.SIG_IGN)
    while os.read(0, 64):
        pass
    all_gone = _gone(children, within=0)
    for step, patience in STEPS:
        if all_gone:
            break
        os.killpg(0, step)
        all_gone = _gone(children, within=patience)
    for path in leftovers:
        shutil.rmtree(path, ignore_errors=True)
    # Also ends what closed its end of the pipe but stayed in the group, and this process.
    os.killpg(0, signal.SIGKILL)


def _gone(children: int, *, within: float) -> bool:
    readable, _, _ = select.select([children], [], [], within)
    return bool(readable)


if __name__ == "__main__":
    main()
