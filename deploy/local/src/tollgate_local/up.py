"""`make up`: the whole of Tollgate in the foreground, from an empty directory to a verdict."""

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from tollgate_local import database, postgres, supervisor
from tollgate_local.data_lock import lock
from tollgate_local.environment import SERVICES, Installation, package, service_environment
from tollgate_local.identities import ensure_identities
from tollgate_local.migrations import migrate, migrated_state
from tollgate_local.ports import require_free, service_ports
from tollgate_local.processes import ProcessGroup
from tollgate_local.supervisor import Child, GivenUp

READY_LIMIT = 120.0  # seconds until all services must answer
PAUSE = 0.05  # between two looks at the children
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COMMAND = str(Path(sys.executable).with_name("tollgate"))


class Stopped(Exception):
    """Somebody asked us to stop: Ctrl-C, SIGTERM, a closed terminal, or make is gone."""


@dataclass
class Run:
    """What one `make up` started; `parent` is the process without which it stops."""

    installation: Installation
    group: ProcessGroup
    parent: int | None
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    servers: list[Child] = field(default_factory=list)
    programs: list[Child] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)

    def look(self) -> None:
        """One round over the children; raises Stopped or GivenUp."""
        if self.parent not in {None, os.getppid()}:
            _ignore_signals()
            raise Stopped
        supervisor.tend((*self.servers, *self.programs), self.say)
        time.sleep(PAUSE)

    def stop(self) -> None:
        """Services and workers first, the database that they use last."""
        supervisor.stop(self.programs)
        supervisor.stop(self.servers)


def data_directory() -> Path:
    """Return DATA_DIR, `.data` of the working directory by default."""
    return Path(os.environ.get("DATA_DIR") or ".data").absolute()


def up(*, parent: int | None = None) -> int:
    """Run until asked to stop and return the exit code; SetupError when it cannot start."""
    _stop_on_signals()
    ports = service_ports()
    installation = Installation(data_directory(), ports)
    with ExitStack() as at_exit:
        held = lock(installation.directory)
        at_exit.callback(os.close, held)
        require_free(ports)
        sockets = postgres.socket_directory()
        group = ProcessGroup(remove=[sockets], holds=[held])
        at_exit.callback(group.close)
        run = Run(installation, group, parent)
        at_exit.callback(run.stop)
        at_exit.callback(_ignore_signals)
        try:
            _start(run, sockets)
            while True:
                run.look()
        except Stopped:
            run.say("Stopping ...")
            return 0
        except GivenUp as reason:
            run.say(f"{reason}\nEverything is stopped: correct what the log says, start again.")
            return 1


def _start(run: Run, sockets: Path) -> None:
    began = time.monotonic()
    installation = run.installation
    installation.logs.mkdir(exist_ok=True)
    ensure_identities(installation.identities)
    admin_url = database.given_url()
    if admin_url is None:
        with run.console.status("PostgreSQL starts"):
            server, cluster = database.embedded(installation, run.group, sockets)
        run.servers.append(server)
        admin_url = cluster.url(database.NAME)
        run.say(f"PostgreSQL is up, data in {cluster.data}")
    environments = {name: service_environment(installation, name, admin_url) for name in SERVICES}
    _migrate(run, environments, admin_url)
    _start_programs(run, environments, "serve")
    _await_ready(run)
    _start_programs(run, environments, "worker")
    run.say(f"The services are ready after {time.monotonic() - began:.1f} s")
    _load_demo(run)
    _greet(run)


def _migrate(run: Run, environments: dict[str, dict[str, str]], admin_url: str) -> None:
    stamp = run.installation.directory / "migrated"
    state = migrated_state(run.installation, admin_url) if run.servers else None
    if state is not None and stamp.exists() and stamp.read_text() == state:
        return
    stamp.unlink(missing_ok=True)
    with run.console.status("Schemas are brought to this release"):
        migrate(run.installation, run.group, environments, admin_url, partial(_await_all, run))
    if state is not None:
        stamp.write_text(state)


def _start_programs(run: Run, environments: dict[str, dict[str, str]], verb: str) -> None:
    for name, environment in environments.items():
        label = f"{name}-api" if verb == "serve" else f"{name}-api {verb}"
        log = run.installation.logs / f"{label.replace(' ', '-')}.log"
        child = Child(label, _launcher(run, name, verb, environment, log), log)
        child.start()
        run.programs.append(child)


def _launcher(
    run: Run, name: str, verb: str, environment: dict[str, str], log: Path
) -> supervisor.Launch:
    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return run.group.spawn(
                [sys.executable, "-m", package(name), verb], env=environment, output=output
            )

    return launch


def _await_ready(run: Run) -> None:
    deadline = time.monotonic() + READY_LIMIT
    waiting = list(SERVICES)
    with run.console.status("") as status:
        while waiting:
            status.update(f"Waiting for {', '.join(f'{name}-api' for name in waiting)}")
            if time.monotonic() > deadline:
                raise GivenUp(
                    f"{waiting[0]}-api is not ready after {READY_LIMIT:.0f} s; its log is "
                    f"{run.installation.logs / waiting[0]}-api.log"
                )
            run.look()
            waiting = [name for name in waiting if not _ready(run.installation.ports[name])]


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _load_demo(run: Run) -> None:
    """Load the demo through the public APIs; it prints the performance table and a verdict."""
    if os.environ.get("DEMO") == "0":
        return
    loader = run.group.spawn([COMMAND, "demo"], env=_client_environment(run), output=None)
    _await_all(run, [loader])
    if loader.returncode != 0:
        run.say(f"The demo ended with exit code {loader.returncode}; `{COMMAND} demo` repeats it.")


def _greet(run: Run) -> None:
    installation = run.installation
    docs = [f"  {name + '-api':<16}{installation.url(name)}/docs" for name in SERVICES]
    signed = subprocess.run(
        [COMMAND, "token"],
        env=_client_environment(run),
        capture_output=True,
        text=True,
        check=False,
    )
    token = signed.stdout.strip() or f"none: {signed.stderr.strip()}"
    lines = ["", "Tollgate is up.", *docs, f"  logs            {installation.logs}"]
    run.say("\n".join([*lines, "  token           " + token, "Ctrl-C stops it; the data is kept."]))


def _client_environment(run: Run) -> dict[str, str]:
    ports = {f"{name.upper()}_PORT": str(port) for name, port in run.installation.ports.items()}
    return {**os.environ, **ports, "DATA_DIR": str(run.installation.directory)}


def _await_all(run: Run, processes: list[subprocess.Popen[bytes]]) -> None:
    while any(process.poll() is None for process in processes):
        run.look()


def _stop_on_signals() -> None:
    for number in STOPPING:
        signal.signal(number, _stop)


def _ignore_signals() -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _stop(_signal: int, _frame: object) -> NoReturn:
    _ignore_signals()
    raise Stopped
