"""`make up`: starting, surviving, stopping, and saying in one line why it cannot start."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from tests.support.eventually import soon
from tests.support.postgres import Server, separate_server
from tests.support.processes import SERVICES, System, running_system, start_system

pytestmark = pytest.mark.slow

PSQL = shutil.which("psql") or ""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("up")) as running:
        yield running


@pytest.fixture(scope="module")
def other_server() -> Iterator[Server]:
    """Not the server of the other tests: a start gives the product's roles new passwords."""
    with separate_server() as server:
        yield server


def create_portfolio(system: System, key: str) -> None:
    system.call("catalog", "POST", "/v1/portfolios", json={"key": key, "name": key})


def refused_start(directory: Path, **environment: str) -> str:
    """What a start prints that ends by itself with exit code 1; it must be one line."""
    system = start_system(directory, **environment)
    assert system.supervisor.wait(120) == 1, system.output()
    lines = system.output().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes
    )


def test_a_killed_service_is_restarted(system: System) -> None:
    before = system.kill("metrics serve")

    soon(lambda: not system.ready("metrics") or system.pid("metrics serve") != before)
    system.await_ready()

    assert system.pid("metrics serve") != before


def test_a_killed_worker_is_restarted(system: System) -> None:
    before = system.kill("catalog worker")

    def restarted() -> bool:
        try:
            return system.pid("catalog worker") != before
        except LookupError:
            return False

    assert soon(restarted)


def test_the_services_survive_a_killed_postgresql(system: System) -> None:
    create_portfolio(system, "before-the-kill")
    services = {name: system.pid(f"{name} serve") for name in SERVICES}

    before = system.kill("postgres")
    soon(lambda: "PostgreSQL was started again" in system.output(), within=60)
    system.await_ready()

    assert system.pid("postgres") != before
    assert {name: system.pid(f"{name} serve") for name in SERVICES} == services
    assert system.get("catalog", "/v1/portfolios/before-the-kill")["key"] == "before-the-kill"


def test_a_second_start_on_the_same_directory_is_refused(system: System, tmp_path: Path) -> None:
    second = start_system(tmp_path, DATA_DIR=str(system.directory))

    assert second.supervisor.wait(120) == 1
    assert f"is in use by another `make up` (pid {system.supervisor.pid})" in second.output()
    assert all(system.ready(name) for name in SERVICES)


def test_a_stop_leaves_no_process_and_the_next_start_finds_the_data(tmp_path: Path) -> None:
    with running_system(tmp_path, from_nothing=True) as first:
        create_portfolio(first, "kept")
        processes = first.descendants()
        assert first.stop() == 0
        assert all_gone(processes)

    with running_system(tmp_path) as second:
        assert second.get("catalog", "/v1/portfolios/kept")["key"] == "kept"


def test_a_killed_supervisor_leaves_no_process_and_can_be_started_again(tmp_path: Path) -> None:
    with running_system(tmp_path) as first:
        first.supervisor.kill()
        first.supervisor.wait()

    with running_system(tmp_path) as second:  # at once, while the children may still be ending
        assert all(second.ready(name) for name in SERVICES)
        processes = second.descendants()
        second.supervisor.kill()
        second.supervisor.wait()
        assert soon(lambda: all_gone(processes), within=30)
    server_log = (tmp_path / "logs" / "postgres.log").read_text()
    assert server_log.splitlines()[-1].endswith("database system is shut down")


def test_children_end_even_when_supervisor_and_watchdog_are_killed_together(tmp_path: Path) -> None:
    with running_system(tmp_path) as system:
        processes = system.descendants()
        watchdog = next(process for process in processes if is_watchdog(process))
        sockets = (tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()[4]
        os.kill(watchdog.pid, signal.SIGKILL)
        system.supervisor.kill()
        system.supervisor.wait()

        assert soon(lambda: all_gone(processes), within=30)
    Path(sockets).rmdir()  # the watchdog's task, had it lived


def is_watchdog(process: psutil.Process) -> bool:
    return any(word.endswith("watchdog.py") for word in process.cmdline())


def test_it_works_on_another_postgresql(other_server: Server, tmp_path: Path) -> None:
    with (
        own_database(other_server) as url,
        running_system(tmp_path, DATABASE_URL=url) as system,
    ):
        create_portfolio(system, "elsewhere")

        assert not (tmp_path / "postgres").exists()
        with psycopg.connect(url) as admin:
            found = admin.execute("SELECT key FROM catalog.portfolio").fetchall()
        assert found == [("elsewhere",)]


def test_it_works_without_the_right_to_create_roles(other_server: Server, tmp_path: Path) -> None:
    with (
        limited_database(other_server) as (url, runtime_urls),
        running_system(tmp_path, DATABASE_URL=url, **runtime_urls) as system,
    ):
        create_portfolio(system, "given-roles")


def test_a_port_in_use_is_named_with_its_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        line = refused_start(tmp_path, METRICS_PORT=str(port))

    assert f"Port {port} is in use" in line
    assert "METRICS_PORT" in line


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1", "²"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    line = refused_start(tmp_path, CATALOG_PORT=text)

    assert line == f"tollgate: CATALOG_PORT={text} is no port: set it to a number from 1 to 65535."


@pytest.mark.parametrize(
    "url", ["localhost", "mysql://root@localhost/x", "postgresql://u:p@127.0.0.1:1/x"]
)
def test_a_wrong_database_url_is_refused(tmp_path: Path, url: str) -> None:
    line = refused_start(tmp_path, DATABASE_URL=url)

    assert line.startswith("tollgate: DATABASE_URL ")
    assert "unset it" in line
    assert "Is the server running" not in line  # libpq's question, below its reason


@pytest.mark.parametrize("place", ["taken", "taken/below"])
def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "taken").touch()

    line = refused_start(tmp_path, DATA_DIR=str(tmp_path / place))

    assert line.startswith(f"tollgate: {tmp_path / 'taken'}")
    assert "set DATA_DIR" in line


@pytest.mark.skipif(not PSQL, reason="no psql on this machine")
def test_the_administrators_script_is_all_that_a_limited_user_needs() -> None:
    script = Path("deploy/postgres.sql").resolve()
    passwords = {name: f"{name}-pw" for name in SERVICES}
    given = [f"--set={name}={value}" for name, value in {**passwords, "owner": "mover"}.items()]
    with separate_server() as server, own_database(server) as url:
        address = url.rpartition("@")[2]
        with server.connect() as superuser:
            superuser.execute("CREATE ROLE mover LOGIN PASSWORD 'pw'")
        subprocess.run([PSQL, *given, f"--file={script}", url], check=True, capture_output=True)

        for name, password in passwords.items():
            runtime_url = f"postgresql://tollgate_{name}:{password}@{address}"
            urls = {
                "DATABASE_URL": f"postgresql://mover:pw@{address}",
                f"{name.upper()}_DATABASE_URL": runtime_url,
            }
            migrate = [sys.executable, "-m", f"{name}_api", "migrate"]
            subprocess.run(migrate, env={**os.environ, **urls}, check=True)
            with psycopg.connect(runtime_url) as runtime:
                runtime.execute(f"SELECT * FROM {name}.audit_entry").fetchall()


def test_a_missing_right_is_named(other_server: Server, tmp_path: Path) -> None:
    with limited_database(other_server, own=False) as (url, _):
        line = refused_start(tmp_path, DATABASE_URL=url)

    assert "lacks the right" in line
    assert "CREATE" in line


def test_unusable_server_programs_are_named(tmp_path: Path) -> None:
    assert "PG_BINDIR" in refused_start(tmp_path, PG_BINDIR=str(tmp_path))


@contextmanager
def own_database(server: Server) -> Iterator[str]:
    """An empty database of the test server, for its superuser."""
    database = server.create_empty_database("catalog")
    try:
        yield database.admin_url
    finally:
        server.drop_database(database.name)


@contextmanager
def limited_database(server: Server, *, own: bool = True) -> Iterator[tuple[str, dict[str, str]]]:
    """A database whose administrator may not create roles, and login roles made beforehand.

    With `own` the administrator owns the database, and may so create schemas in it.
    """
    tag = secrets.token_hex(4)
    roles = {name: f"limited_{name}_{tag}" for name in ("admin", *SERVICES)}
    database = server.create_empty_database("catalog")
    address = database.admin_url.rpartition("@")[2]
    urls = {name: f"postgresql://{role}:pw@{address}" for name, role in roles.items()}
    with server.connect() as superuser:
        for role in roles.values():
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'pw'")
            superuser.execute(create.format(sql.Identifier(role)))
        if own:
            change = sql.SQL("ALTER DATABASE {} OWNER TO {}")
            names = sql.Identifier(database.name), sql.Identifier(roles["admin"])
            superuser.execute(change.format(*names))
        try:
            yield urls["admin"], {f"{name.upper()}_DATABASE_URL": urls[name] for name in SERVICES}
        finally:
            server.drop_database(database.name)
            for role in roles.values():
                superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
