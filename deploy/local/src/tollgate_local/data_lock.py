"""One supervisor at a time per DATA_DIR."""

import fcntl
import os
import time
from pathlib import Path

from tollgate_local.errors import SetupError

CLEANUP_LIMIT = 30.0  # seconds that the watchdog of a killed run may need


def lock(directory: Path) -> int:
    """Lock DATA_DIR for this process and return the descriptor that holds the lock.

    The watchdog holds the lock too: after -9 of a supervisor the next start waits here until
    the watchdog has ended the children. SetupError when a supervisor is alive.
    """
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + CLEANUP_LIMIT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(file)
            if (holder and _alive(holder)) or time.monotonic() > deadline:
                os.close(descriptor)
                raise SetupError(
                    f"{directory} is in use by another `make up` (pid {holder or 'unknown'}): "
                    "stop it, or set DATA_DIR to another directory."
                ) from None
            time.sleep(0.1)
        else:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            return descriptor


def _holder(file: Path) -> int:
    text = file.read_text()
    return int(text) if text.isdigit() else 0


def _alive(pid: int) -> bool:
    try:  # a killed process whose parent has not looked yet is still listed, as a zombie
        return not _is_zombie(Path(f"/proc/{pid}/stat").read_text())
    except FileNotFoundError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_zombie(stat: str) -> bool:
    # "pid (any text) STATE ..."
    return stat.rpartition(")")[2].split()[0] == "Z"
