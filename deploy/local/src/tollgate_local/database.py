"""The database of an installation: the embedded server, or the one that DATABASE_URL names."""

import os
import re
from pathlib import Path

import psycopg
from psycopg import sql

from tollgate_local import postgres
from tollgate_local.binaries import OLDEST_SUPPORTED
from tollgate_local.environment import Installation
from tollgate_local.errors import SetupError
from tollgate_local.processes import ProcessGroup
from tollgate_local.supervisor import Child

NAME = "tollgate"
FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"


def given_url() -> str | None:
    """Return DATABASE_URL when it is set; SetupError when it cannot be one of PostgreSQL's."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        return None
    if re.match(r"postgres(ql)?(\+\w+)?://", url) is None:
        raise SetupError(f"DATABASE_URL is no URL of a PostgreSQL: write {FORM}, or unset it.")
    try:
        with psycopg.connect(re.sub(r"^[^:]+", "postgresql", url), connect_timeout=10) as admin:
            version = admin.info.server_version // 10000
            encoding = admin.info.parameter_status("server_encoding")
    except psycopg.Error as error:
        # Below it are questions of libpq's, and the other addresses.
        reason = str(error).strip().splitlines()[0]
        raise SetupError(
            f"DATABASE_URL cannot be used ({reason}): correct it, or unset it."
        ) from None
    if version < OLDEST_SUPPORTED:
        raise SetupError(
            f"DATABASE_URL is a PostgreSQL {version}; {OLDEST_SUPPORTED} or newer is needed."
        )
    if encoding != "UTF8":
        raise SetupError(f"DATABASE_URL is a database in {encoding}: create one in UTF8.")
    return url


def embedded(
    installation: Installation, group: ProcessGroup, sockets: Path
) -> tuple[Child, postgres.Cluster]:
    """Start the installation's own server and return it with its cluster."""
    password = installation.secrets()["postgres"]
    cluster = postgres.prepare(installation.directory / "postgres", sockets, password)
    log = installation.logs / "postgres.log"
    server = Child("PostgreSQL", lambda: postgres.start(group, cluster, log), log, postgres.STOP)
    server.start()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    return server, cluster
