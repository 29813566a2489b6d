"""The product as `make up` starts it, on free ports and in a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

BIN = Path(sys.executable).parent
READY_WITHIN_S = 120


@dataclass(frozen=True)
class Stack:
    """Addresses and secrets of a running Tollgate."""

    data_dir: Path
    ports: dict[str, int]
    supervisor: int
    token: str
    environment: dict[str, str]

    @property
    def admin_url(self) -> str:
        """The superuser's URL: the port is in the server's lock file, the password in ours."""
        port = (self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[3]
        password = json.loads((self.data_dir / "secrets.json").read_text())["postgres"]
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/tollgate"


@contextmanager
def running_stack(data_dir: Path) -> Iterator[Stack]:
    """Start everything with durable settings and without the demo; stop it at the end."""
    ports = dict(zip(("catalog", "metrics", "improvement"), _free_ports(3), strict=True))
    environment = {
        **os.environ,
        "DATA_DIR": str(data_dir),
        "DEMO": "0",
        **{f"{name.upper()}_PORT": str(port) for name, port in ports.items()},
        **{f"{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()},
    }
    environment.pop("DATABASE_URL", None)
    log = (data_dir / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "tollgate_local", "up"],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    try:
        _wait_ready(process, ports, data_dir / "up.log")
        token = subprocess.run(
            [BIN / "tollgate", "token"], env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()
        yield Stack(data_dir, ports, process.pid, token, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


def peak_memory_mb(stack: Stack, program: str) -> float:
    """Peak resident memory (VmHWM) of a child of the supervisor, such as `metrics_api serve`."""
    status = Path(f"/proc/{child_pid(stack, program)}/status").read_text()
    found = next(row for row in status.splitlines() if row.startswith("VmHWM"))
    return int(found.split()[1]) / 1024


def child_pid(stack: Stack, program: str) -> int:
    """The process of this stack whose command line ends in `program`."""
    wanted = program.split()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_text().split("\0")[:-1]
            environ = (process / "environ").read_text()
        except OSError:
            continue
        if words[-len(wanted) :] == wanted and f"DATA_DIR={stack.data_dir}\0" in environ:
            return int(process.name)
    raise LookupError(f"no process `{program}`")


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def _wait_ready(process: subprocess.Popen[bytes], ports: dict[str, int], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not all(_ready(port) for port in ports.values()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the services did not become ready:\n{log.read_text()[-3000:]}")
        time.sleep(0.2)


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False
