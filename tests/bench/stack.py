"""What the benchmarks ask of a running system beside its APIs: its database and its memory."""

import time
from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.support.processes import System, secrets_of


def admin_url(system: System) -> str:
    """The superuser's URL: the port is in the server's lock file, the password in ours."""
    lock_file = system.directory / "postgres" / "postmaster.pid"
    port = lock_file.read_text().splitlines()[3]
    return f"postgresql://postgres:{secrets_of(system.directory)['postgres']}@127.0.0.1:{port}/tollgate"


def peak_memory_mb(system: System, program: str) -> float:
    """Peak resident memory (VmHWM) of a child of the supervisor, such as `metrics serve`."""
    status = Path(f"/proc/{system.pid(program)}/status").read_text()
    found = next(row for row in status.splitlines() if row.startswith("VmHWM"))
    return int(found.split()[1]) / 1024


def until_none(connection: Connection[Any], query: str, limit_s: float = 1200) -> None:
    """Until a query finds no row any more: what a load leaves to the background is done."""
    deadline = time.monotonic() + limit_s
    while connection.execute(f"{query} LIMIT 1".encode()).fetchone() is not None:
        if time.monotonic() > deadline:
            raise RuntimeError(f"still found: {query}")
        time.sleep(0.5)
