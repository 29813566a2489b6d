"""The whole product as `make up` runs it: real processes, own directory, ports and PostgreSQL."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.support.eventually import soon
from tests.support.installed import copy_installed

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("tollgate")
SERVICES = ("catalog", "metrics", "improvement")
READY_LIMIT = 120.0
# Nothing here speaks TLS, and to read the authorities takes 40 ms of CPU a client.
PLAIN_HTTP: dict[str, Any] = {"trust_env": False, "verify": False}


@dataclass
class System:
    """One running `tollgate_local up` and the ways to talk to it and to hurt it."""

    directory: Path
    ports: dict[str, int]
    environment: dict[str, str]
    supervisor: subprocess.Popen[bytes]
    _token: str = field(default="", repr=False)

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def token(self) -> str:
        """A token of the local issuer with every scope."""
        if not self._token:
            self._token = self.tollgate("token").stdout.strip()
        return self._token

    def get(self, service: str, path: str, **query: Any) -> Any:
        """GET a JSON document; AssertionError with the answer when it is no success."""
        return self.call(service, "GET", path, params=query).json()

    def call(self, service: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Any request with the system's token; AssertionError when it does not succeed."""
        response = self.send(service, method, path, **request)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def send(self, service: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Any request with the system's token, whatever the answer."""
        headers = {"Authorization": f"Bearer {self.token()}", **request.pop("headers", {})}
        url = f"{self.url(service)}{path}"
        return httpx.request(method, url, timeout=60, headers=headers, **PLAIN_HTTP, **request)

    def tollgate(self, *arguments: str, within: float = 600) -> subprocess.CompletedProcess[str]:
        """Run the command line against this system to its end."""
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def pid(self, program: str) -> int:
        """The child with this name: `metrics serve`, `catalog worker`, or `postgres`."""
        found = self._find(program)
        if found is None:
            raise LookupError(f"{program} does not run")
        return found

    def _find(self, program: str) -> int | None:
        children = psutil.Process(self.supervisor.pid).children(recursive=True)
        return next((int(child.pid) for child in children if _is(child, program)), None)

    def kill(self, program: str) -> int:
        """Kill a child with -9, see it gone, and return the pid it had.

        What it leaves behind ends too before this returns: the connections of a killed
        postgres answer for a moment more, and whoever asks `ready` then is told too much.
        """
        victim = psutil.Process(self.pid(program))
        family = [victim, *victim.children(recursive=True)]
        victim.kill()
        soon(lambda: not any(map(_lives, family)), within=30)
        return int(victim.pid)

    def ready(self, service: str) -> bool:
        try:
            answer = httpx.get(f"{self.url(service)}/readyz", timeout=5, **PLAIN_HTTP)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def await_ready(self, within: float = READY_LIMIT) -> None:
        """Wait for all services and their workers, which start after them."""
        soon(lambda: self._starts() and all(map(self._serves, SERVICES)), within=within)

    def _serves(self, service: str) -> bool:
        return self.ready(service) and self._find(f"{service} worker") is not None

    def await_migrated(self) -> None:
        """Wait for the mark that a start leaves once its own server has all schemas."""
        mark = self.directory / "migrated"
        soon(lambda: self._starts() and mark.exists() and mark.read_text(), within=READY_LIMIT)

    def output(self) -> str:
        """What the supervisor printed so far."""
        return (self.directory / "up.out").read_text(errors="replace")

    def stop(self) -> int:
        """End it as Ctrl-C or an init system does and return the exit code."""
        self.supervisor.send_signal(signal.SIGTERM)
        return self.supervisor.wait(60)

    def descendants(self) -> list[psutil.Process]:
        """Every process that belongs to it, to see later that none is left."""
        leader = psutil.Process(self.supervisor.pid)
        return [leader, *leader.children(recursive=True)]

    def _starts(self) -> bool:
        if self.supervisor.poll() is not None:
            raise RuntimeError(f"the system ended instead of becoming ready:\n{self.output()}")
        return True


def start_system(directory: Path, **environment: str) -> System:
    """Start the product on free ports with its data in `directory`, without waiting for it."""
    directory.mkdir(parents=True, exist_ok=True)
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    variables = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        **{f"{service.upper()}_PORT": str(port) for service, port in ports.items()},
        "DATA_DIR": str(directory),
        "TMPDIR": str(directory),  # what the command line leaves behind is the test's to remove
        "DEMO": "0",
        **environment,
    }
    with (directory / "up.out").open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "tollgate_local", "up", "--with-parent"],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return System(directory, ports, variables, supervisor)


@contextmanager
def running_system(
    directory: Path, *, from_nothing: bool = False, **environment: str
) -> Iterator[System]:
    """The product, ready; stopped at the end whatever happened to it.

    In an empty directory it finds what an earlier start migrated, unless `from_nothing`.
    """
    if not (from_nothing or "DATABASE_URL" in environment or (directory / "postgres").exists()):
        copy_installed(directory, _install)
    system = start_system(directory, **environment)
    try:
        system.await_ready()
        yield system
    finally:
        if system.supervisor.poll() is None:
            system.stop()


def _install(directory: Path) -> None:
    """A start that goes no further than the migrated schemas."""
    system = start_system(directory)
    try:
        system.await_migrated()
    finally:
        if system.supervisor.poll() is None:
            system.stop()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on, all different."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def secrets_of(directory: Path) -> dict[str, str]:
    """The generated passwords of an installation."""
    known: dict[str, str] = json.loads((directory / "secrets.json").read_text())
    return known


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _is(process: psutil.Process, program: str) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    if program == "postgres":
        return bool(words) and words[0].endswith("/postgres") and "-D" in words
    service, verb = program.split()
    return bool(words[-2:] == [f"{service}_api", verb])
