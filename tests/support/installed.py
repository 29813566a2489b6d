"""An installation whose schemas are migrated: made once in a test run, then copied.

To make the server's directory and to migrate takes twelve seconds of CPU, to copy the result
a tenth of one; a start that finds it is the second start of an installation.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# pytest-xdist's workers inherit the environment of the process that began the run.
PLACE = "TOLLGATE_TEST_INSTALLED"
KEPT = ("identity", "migrated", "postgres", "secrets.json")


@contextmanager
def place_for_installed() -> Iterator[None]:
    """Where the processes of this run keep what they copy; gone when the run ends."""
    place = tempfile.mkdtemp(prefix="tollgate-installed-")
    Path(place).chmod(0o755)  # root lets PostgreSQL run as somebody else, who must get there
    os.environ[PLACE] = place
    try:
        yield
    finally:
        del os.environ[PLACE]
        shutil.rmtree(place)


def copy_installed(directory: Path, install: Callable[[Path], None]) -> None:
    """Fill an empty directory; `install` makes the first one, the others wait for it.

    Outside a test run nothing is copied.
    """
    if PLACE not in os.environ:
        return
    place = Path(os.environ[PLACE])
    done = place / "done"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            install(place / "installed")
            done.touch()
    directory.mkdir(parents=True, exist_ok=True)
    sources = [place / "installed" / name for name in KEPT]
    subprocess.run(["cp", "-a", *sources, directory], check=True)  # with owners, as no shutil does
