"""One PostgreSQL per test run, one migrated template per service, one fresh database per test."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tollgate_local import postgres
from tollgate_local.processes import ProcessGroup

SERVICES = ("catalog", "metrics", "improvement")
# pytest-xdist's workers inherit the environment of the process that started the server.
ADDRESS = "TOLLGATE_TEST_SERVER"
UNSAFE_BUT_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
}


@dataclass(frozen=True)
class Database:
    """A database migrated for one service; the runtime role owns nothing in it."""

    service: str
    name: str
    admin_url: str
    runtime_url: str

    def environment(self) -> dict[str, str]:
        """What the service's own program reads to migrate or use this database."""
        return {
            "DATABASE_URL": self.admin_url,
            f"{self.service.upper()}_DATABASE_URL": self.runtime_url,
        }


@dataclass(frozen=True)
class Server:
    """A server for tests; `run` is in the name of everything that this run creates on it."""

    admin_url: str
    run: str
    role_password: str

    def create_database(self, service: str) -> Database:
        """Clone the service's template, which is migrated on first use."""
        self._ensure_template(service)
        database = self._database(service, f"{self.run}_{service}_{secrets.token_hex(6)}")
        with self.connect() as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                    sql.Identifier(database.name), sql.Identifier(self._template_name(service))
                )
            )
        return database

    def create_empty_database(self, service: str) -> Database:
        """A database in which nothing was migrated yet."""
        database = self._database(service, f"{self.run}_{service}_{secrets.token_hex(6)}")
        with self.connect() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.name)))
        return database

    def find_clean(self, service: str) -> Database | None:
        """A database that an earlier test of this process has used and given back.

        To clean one takes a tenth of the time of cloning a template with a hundred tables.
        """
        clean = _CLEAN.get((self.run, service))
        return clean.pop() if clean else None

    def lend_from_now_on(self, database: Database) -> None:
        """What is in it now is what each test that it is lent to finds in it."""
        admin = psycopg.connect(database.admin_url, autocommit=True)
        admin.execute(_KEEP_WHAT_THERE_IS.format(database.service))
        _CLEANERS[database.name] = admin

    def give_back(self, database: Database) -> None:
        """Bring a lent database back to what it had at first."""
        _CLEANERS[database.name].execute("SELECT kept.clean()")
        _CLEAN.setdefault((self.run, database.service), []).append(database)

    def drop_database(self, name: str) -> None:
        with self.connect() as admin:
            admin.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def drop_everything(self) -> None:
        """Drop all databases of this run; its roles stay, they are the product's."""
        with self.connect() as admin:
            mine = admin.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{self.run}_"]
            ).fetchall()
        for (name,) in mine:
            self.drop_database(name)

    def connect(self) -> psycopg.Connection[tuple[str]]:
        return psycopg.connect(self.admin_url, autocommit=True)

    def _template_name(self, service: str) -> str:
        return f"{self.run}_template_{service}"

    def _ensure_template(self, service: str) -> None:
        template = self._database(service, self._template_name(service))
        if template.name in _KNOWN_TEMPLATES:
            return
        with self.connect() as admin:
            # One process migrates, the others wait here for it.
            admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [template.name])
            found = admin.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [template.name]
            ).fetchone()
            if not found:
                self._make_template(admin, template)
        _KNOWN_TEMPLATES.add(template.name)

    def _make_template(self, admin: psycopg.Connection[tuple[str]], template: Database) -> None:
        unfinished = self._database(template.service, f"{template.name}_unfinished")
        self.drop_database(unfinished.name)
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished.name)))
        migrate(unfinished)
        admin.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(unfinished.name), sql.Identifier(template.name)
            )
        )

    def _database(self, service: str, name: str) -> Database:
        admin = urlsplit(self.admin_url)
        address = admin.netloc.rpartition("@")[2]
        login = f"tollgate_{service}:{quote(self.role_password, safe='')}@{address}"
        return Database(
            service=service,
            name=name,
            admin_url=urlunsplit(admin._replace(path=f"/{name}")),
            runtime_url=urlunsplit(admin._replace(netloc=login, path=f"/{name}")),
        )


_KNOWN_TEMPLATES: set[str] = set()
_CLEAN: dict[tuple[str, str], list[Database]] = {}
# Each lent database is cleaned over a connection of its own that stays: what it knows of a
# hundred tables is worth more than the cleaning takes.
_CLEANERS: dict[str, psycopg.Connection[tuple[str]]] = {}
# Only the tables that have rows are touched, and the rows are few: DELETE beats TRUNCATE, which
# would make new files for every table that refers to a truncated one.
_KEEP_WHAT_THERE_IS = """
CREATE SCHEMA kept;
CREATE FUNCTION kept.clean() RETURNS void LANGUAGE plpgsql
SET session_replication_role = replica  -- no foreign keys meanwhile
AS $$
DECLARE
    item record;
    filled boolean;
BEGIN
    FOR item IN SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname IN ('{0}', '{0}_jobs')
        AND pg_relation_size(format('%I.%I', schemaname, tablename)) > 0
    LOOP
        EXECUTE format('SELECT EXISTS (TABLE %I.%I)', item.schemaname, item.tablename) INTO filled;
        IF filled THEN
            EXECUTE format('DELETE FROM %I.%I', item.schemaname, item.tablename);
        END IF;
    END LOOP;
    FOR item IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
        EXECUTE format('INSERT INTO {0}.%1$I OVERRIDING SYSTEM VALUE TABLE kept.%1$I',
                       item.tablename);
    END LOOP;
    PERFORM setval(c.oid::regclass, s.seqstart, false)
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('{0}', '{0}_jobs');
END $$;
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{0}' LOOP
        EXECUTE format('SELECT EXISTS (TABLE {0}.%I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE kept.%1$I AS TABLE {0}.%1$I', name);
        END IF;
    END LOOP;
END $$
"""


def migrate(database: Database) -> None:
    """Run the service's own migrate verb; its output is the error when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", f"{database.service}_api", "migrate"],
        env={**os.environ, **database.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{database.service}-api migrate failed:\n{done.stdout}{done.stderr}")


@contextmanager
def running_server() -> Iterator[Server]:
    """The server of this test run: the one already started, DATABASE_URL, or an embedded one."""
    if known := os.environ.get(ADDRESS):
        yield Server(**json.loads(known))
        return
    if external := os.environ.get("DATABASE_URL"):
        server = Server(external, _new_run(), secrets.token_urlsafe(24))
        with _announced(server):
            try:
                yield server
            finally:
                server.drop_everything()
        return
    with separate_server() as server, _announced(server):
        yield server


@contextmanager
def _announced(server: Server) -> Iterator[None]:
    os.environ[ADDRESS] = json.dumps(asdict(server))
    try:
        yield
    finally:
        del os.environ[ADDRESS]


@contextmanager
def separate_server() -> Iterator[Server]:
    """An embedded server of its own, for tests that change what all databases share: roles."""
    directory = Path(tempfile.mkdtemp(prefix="tollgate-tests-"))
    sockets = postgres.socket_directory()
    group = ProcessGroup(remove=[directory, sockets])
    try:
        password = secrets.token_urlsafe(24)
        cluster = postgres.prepare(directory / "data", sockets, password, UNSAFE_BUT_FAST)
        process = postgres.start(group, cluster, directory / "postgres.log")
        yield Server(cluster.url("postgres"), _new_run(), secrets.token_urlsafe(24))
        postgres.stop(process)
    finally:
        group.close()


def _new_run() -> str:
    return f"tg{secrets.token_hex(4)}"
