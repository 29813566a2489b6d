"""`python -m tollgate_local containers`: what deploy/compose.yaml needs, written to DATA_DIR."""

import os
from pathlib import Path
from urllib.parse import quote

from tollgate_local.environment import SERVICES, Installation, runtime_url, service_variables
from tollgate_local.identities import ensure_identities
from tollgate_local.ports import DEFAULTS
from tollgate_local.secret_store import write_private

PORTS = {name.removesuffix("_PORT").lower(): port for name, port in DEFAULTS.items()}


def write_containers(directory: Path) -> int:
    """Create the keys and one env file per container, readable by their owner only."""
    installation = Installation(
        directory,
        PORTS,
        host="0.0.0.0",  # noqa: S104 - inside its container; compose publishes on loopback
        mounted_identities=Path("/identity"),
        urls={name: f"http://{name}-api:{PORTS[name]}" for name in SERVICES},
    )
    ensure_identities(installation.identities)
    files = directory / "containers"
    files.mkdir(mode=0o700, exist_ok=True)
    password = installation.secrets()["postgres"]
    admin_url = f"postgresql://postgres:{quote(password, safe='')}@postgres:5432/tollgate"
    _write(files / "postgres.env", {"POSTGRES_PASSWORD": password, "POSTGRES_DB": "tollgate"})
    _write(files / "migrate.env", {"DATABASE_URL": admin_url})
    for name in SERVICES:
        database = runtime_url(installation, name, admin_url)
        _write(files / f"{name}.env", service_variables(installation, name, database))
    # The private keys are their owner's only, so the containers run as that user.
    _write(files / "compose.env", {"TOLLGATE_USER": f"{os.getuid()}:{os.getgid()}"})
    return 0


def _write(file: Path, variables: dict[str, str]) -> None:
    write_private(file, "".join(f"{name}={value}\n" for name, value in variables.items()))
