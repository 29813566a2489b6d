"""Brings the schemas of an installation to this release before its services start."""

import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from tollgate_local.environment import SERVICES, Installation, package
from tollgate_local.errors import SetupError
from tollgate_local.logs import last_lines
from tollgate_local.processes import ProcessGroup

Environments = Mapping[str, Mapping[str, str]]


def migrate(
    installation: Installation,
    group: ProcessGroup,
    environments: Environments,
    admin_url: str,
    await_all: Callable[[list[subprocess.Popen[bytes]]], None],
) -> None:
    """Run every service's migrate verb, side by side; SetupError with the first one's reason."""
    running = {}
    for name, environment in environments.items():
        with _log(installation, name).open("wb") as output:
            running[name] = group.spawn(
                [sys.executable, "-m", package(name), "migrate"],
                env={**environment, "DATABASE_URL": admin_url},
                output=output,
            )
    await_all(list(running.values()))
    for name, migration in running.items():
        if migration.returncode != 0:
            log = _log(installation, name)
            raise SetupError(
                f"{name}-api migrate: {last_lines(log, 1) or 'no reason'} (log: {log})"
            )


def migrated_state(installation: Installation, admin_url: str) -> str:
    """Return a digest of the embedded database, its passwords and all code that migrates it.

    While it stays the same a start may skip migrating, which is half of its time; a service
    refuses to serve a stale schema anyway.
    """
    with psycopg.connect(admin_url) as admin:
        identity = admin.execute(
            "SELECT system_identifier, oid FROM pg_control_system(), pg_database"
            " WHERE datname = current_database()"
        ).fetchone()
    digest = hashlib.sha256(repr((identity, installation.secrets())).encode())
    for name in ("shared", *(package(service) for service in SERVICES)):
        for file in _sources(name):
            digest.update(str(file).encode() + file.read_bytes())
    return digest.hexdigest()


def _sources(package_name: str) -> list[Path]:
    spec = importlib.util.find_spec(package_name)
    assert spec is not None, package_name
    places = spec.submodule_search_locations or ()
    return sorted(file for place in places for file in Path(place).rglob("*.py"))


def _log(installation: Installation, name: str) -> Path:
    return installation.logs / f"{name}-api-migrate.log"
