"""A PostgreSQL of our own: initdb, start, stop, and recovery from an earlier -9."""

import locale
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from tollgate_local.binaries import find_binaries, major_version
from tollgate_local.errors import SetupError
from tollgate_local.logs import last_lines
from tollgate_local.processes import ProcessGroup, end
from tollgate_local.unprivileged import Identity, server_identity

SUPERUSER = "postgres"
START_LIMIT = 120.0  # seconds; recovery after a crash under load reads a lot of WAL
STOP_LIMIT = 30.0
STOP = signal.SIGINT  # PostgreSQL's fast shutdown: clients are disconnected
SETTINGS = {
    "jit": "off",  # the wheel has none; off keeps plans the same on other binaries
    "log_timezone": "UTC",
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Cluster:
    """A data directory and the addresses its server listens on."""

    data: Path
    port: int
    socket: Path
    password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)

    def url(self, database: str) -> str:
        """Return the superuser's TCP URL of a database."""
        secret = quote(self.password, safe="")
        return f"postgresql://{SUPERUSER}:{secret}@127.0.0.1:{self.port}/{database}"


def prepare(
    data: Path, sockets: Path, password: str, settings: Mapping[str, str] | None = None
) -> Cluster:
    """Create the data directory if need be and choose the addresses; nothing runs yet.

    `sockets` comes from `socket_directory()`. SetupError when the data cannot be used.
    """
    binaries, identity = find_binaries(), server_identity(data)
    _check_version(data, major_version(binaries))
    cluster = Cluster(data, free_port(), sockets, password, {**SETTINGS, **(settings or {})})
    identity.own(sockets)
    if not data.exists():
        _initdb(binaries, identity, cluster)
    return cluster


def socket_directory() -> Path:
    """Make a directory that only we may enter, with a short path: a socket's has 107 bytes."""
    return Path(tempfile.mkdtemp(prefix="tollgate-", dir="/tmp"))


def start(group: ProcessGroup, cluster: Cluster, log: Path) -> subprocess.Popen[bytes]:
    """Start the server as a child and wait until it takes connections.

    A server that an earlier -9 left running on this directory is stopped first.
    """
    clear_orphan(cluster.data)
    deadline = time.monotonic() + STOP_LIMIT
    while True:
        process = _spawn(group, cluster, log)
        if _becomes_ready(process, cluster):
            return process
        reason = last_lines(log)
        # Backends of a killed server need a moment to notice.
        if "shared memory block" not in reason or time.monotonic() > deadline:
            raise SetupError(f"PostgreSQL did not start ({last_lines(log, 1)}): see {log}.")
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> bool:
    """Shut down fast (clients are disconnected); True when it ended cleanly in time."""
    return end(process, STOP, within=STOP_LIMIT)


def clear_orphan(data: Path) -> None:
    """Make `data` startable after a -9: stop a server that still runs on it, or forget its pid.

    A killed postmaster may stay a zombie for seconds (or for ever, under an init that reaps
    nothing), and in a new container its pid may be another program's. PostgreSQL takes both for
    a running server, unless the pid in its lock file is its own parent's: so ours is written
    there, which leaves its second check, backends that still use the shared memory, in force.
    """
    lock_file = data / "postmaster.pid"
    try:
        pid, _, rest = lock_file.read_text().partition("\n")
    except FileNotFoundError:
        return
    if not pid.isdigit():
        return  # PostgreSQL itself says what is wrong with it
    deadline = time.monotonic() + STOP_LIMIT
    how = STOP
    while _is_postmaster(int(pid), data):
        with suppress(ProcessLookupError):
            os.kill(int(pid), how)
        if time.monotonic() > deadline:
            how = signal.SIGKILL
        time.sleep(0.05)
    if lock_file.exists():
        lock_file.write_text(f"{os.getpid()}\n{rest}")


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _check_version(data: Path, version: int) -> None:
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    if made_by != str(version):
        raise SetupError(
            f"{data} was made by PostgreSQL {made_by} but {version} was found: set PG_BINDIR to "
            f"the programs of {made_by}, or DATA_DIR to another directory."
        )


def _initdb(binaries: Path, identity: Identity, cluster: Cluster) -> None:
    # Made beside and renamed, so that an interrupted initdb leaves nothing half done.
    partial = cluster.data.with_name(cluster.data.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    password = cluster.socket / "password"
    password.touch(mode=0o600)
    password.write_text(cluster.password)
    for path in (partial, password):
        identity.own(path)
    # fmt: off
    command: list[str | Path] = [
        *identity.prefix, binaries / "initdb", "--pgdata", partial, "--username", SUPERUSER,
        "--encoding", "UTF8", "--locale", _locale(), "--auth", "scram-sha-256",
        "--pwfile", password,
    ]
    # fmt: on
    if cluster.settings.get("fsync") == "off":
        command.append("--no-sync")
    try:
        _run_initdb(command, identity, cluster.data)
    except PermissionError:
        raise _unreachable(binaries, identity) from None
    finally:
        password.unlink()
    partial.rename(cluster.data)


def _run_initdb(command: list[str | Path], identity: Identity, data: Path) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=identity.user,
        group=identity.group,
        extra_groups=None if identity.user is None else [],
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stdout.decode(errors="replace").strip().splitlines() or ["no output"])[-1]
        # Only as a user that root switched to: that one may be kept out by a parent directory.
        step = "" if identity.user is None else f"; set DATA_DIR where user {identity.user} may go"
        raise SetupError(f"PostgreSQL could not be set up in {data}: {reason}{step}")


def _locale() -> str:
    # C.UTF-8 sorts like C but knows letters beyond ASCII, which full-text search needs.
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _spawn(group: ProcessGroup, cluster: Cluster, log: Path) -> subprocess.Popen[bytes]:
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(cluster.port),
        "unix_socket_directories": str(cluster.socket),
        **cluster.settings,
    }
    command: list[str | Path] = [find_binaries() / "postgres", "-D", cluster.data]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with log.open("ab") as output:
        return group.spawn(
            command, output=output, identity=server_identity(cluster.data), at_death=STOP
        )


def _becomes_ready(process: subprocess.Popen[bytes], cluster: Cluster) -> bool:
    """Wait until the server takes connections; False when it ended or never did."""
    deadline = time.monotonic() + START_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(cluster.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                stop(process)
                raise SetupError(
                    f"The password kept for {cluster.data} does not fit: restore secrets.json "
                    "beside it, or set DATA_DIR to another directory."
                ) from None
            time.sleep(0.02)
        else:
            return True
    stop(process)
    return False


def _is_postmaster(pid: int, data: Path) -> bool:
    """Whether `pid` is alive (a zombie is not) and a PostgreSQL that serves `data`."""
    if Path("/proc/self/cwd").exists():
        try:  # a postmaster works in its data directory; a zombie has no directory
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
        except OSError:
            return False
    # fmt: off
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    # fmt: on
    return str(data) in listed and not listed.startswith("Z")


def _unreachable(binaries: Path, identity: Identity) -> SetupError:
    return SetupError(
        f"PostgreSQL cannot run as root here and user {identity.user} may not enter {binaries}: "
        "run as an ordinary user, or set DATABASE_URL."
    )
