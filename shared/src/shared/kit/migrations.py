"""Migrations of one service: its role, its schema, its queue's schema, its grants.

Runs with the administrative DATABASE_URL. The runtime role owns nothing: it may change rows of
its own schema, and only add rows to append-only tables.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import psycopg
from alembic import command, context, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from shared.kit.database import libpq_url, sqlalchemy_url
from shared.kit.definition import ServiceDefinition
from shared.kit.job_schema import apply_jobs_schema
from shared.kit.settings import DATABASE_URL_FORM

MINIMUM_VERSION = 150000
_LOCK = 7_205_331_904


class MigrationError(Exception):
    """The database cannot be migrated; the message is one line that says what to do."""


def run_env(metadata: MetaData) -> None:
    """The whole of a service's migrations/env.py."""
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection, metadata)
        return
    url = context.config.get_main_option("sqlalchemy.url")
    assert url, "set sqlalchemy.url, or run through `python -m <service> migrate`"
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.begin() as own:
        _run(own, metadata)


def _run(connection: Connection, metadata: MetaData) -> None:
    schema = metadata.schema

    def only_our_schema(name: str | None, kind: str, parents: Any) -> bool:
        return name == schema if kind == "schema" else True

    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=schema,
        include_schemas=True,
        include_name=only_our_schema,
        include_object=_ours,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def _ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Partitions are made by a function, not by the models: leave them out of comparisons."""
    return not (kind == "table" and reflected and name is not None and "_p_" in name)


def alembic_config(package: str, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def migrate(definition: ServiceDefinition, admin_url: str, runtime_url: str) -> None:
    """Bring the service's role, schemas and grants to the present release; repeatable.

    Raises MigrationError, which names the missing right or what is wrong with a URL.
    """
    role = make_url(runtime_url).username
    if role is None:
        raise MigrationError(
            f"{runtime_variable(definition)} names no role: set it to the URL with which"
            f" {definition.name} shall log in, such as"
            f" postgresql://tollgate_{definition.schema}:PASSWORD@HOST/DATABASE"
        )
    with _connected(admin_url) as admin:
        _check_version(admin)
        # Services migrate side by side: roles and extensions are the cluster's and the
        # database's, so they are made one service at a time.
        admin.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        _explained(lambda: _ensure_role(admin, definition, runtime_url), "CREATEROLE")
        _explained(lambda: _ensure_schemas(admin, definition.schema), "CREATE on the database")
        with _as_owner(definition.schema):
            _upgrade(definition, admin_url)
            apply_jobs_schema(admin, f"{definition.schema}_jobs", role)
            _grant(admin, definition, role)


def _upgrade(definition: ServiceDefinition, admin_url: str) -> None:
    engine = create_engine(sqlalchemy_url(admin_url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        command.upgrade(alembic_config(definition.package, connection), "head")


@contextmanager
def _as_owner(schema: str) -> Iterator[None]:
    """What only the owner of the schemas may do; MigrationError where somebody else made them."""
    try:
        yield
    except (psycopg.errors.InsufficientPrivilege, ProgrammingError) as error:
        cause = error.orig if isinstance(error, ProgrammingError) else error
        if not isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise
        raise MigrationError(
            f"The user of DATABASE_URL is not the owner of the schemas {schema} and {schema}_jobs"
            f" or of what is in them ({first_line(cause)}): migrate as the user that made"
            " them, or make this one their owner (ALTER ... OWNER TO)"
        ) from error


def run_script(script: str) -> None:
    """Run the statements of a migration, each ended by `;` and a line's end.

    One at a time: some clusters refuse several in one query.
    """
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)


def _connected(url: str) -> AbstractContextManager[psycopg.Connection[Any]]:
    try:
        return psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise MigrationError(
            f"DATABASE_URL cannot be reached ({first_line(error)}):"
            " check host, port, user and password"
        ) from error
    except (ArgumentError, ValueError) as error:
        raise MigrationError(f"DATABASE_URL: write {DATABASE_URL_FORM}") from error


def _check_version(admin: psycopg.Connection[Any]) -> None:
    if admin.info.server_version < MINIMUM_VERSION:
        raise MigrationError(
            "PostgreSQL 15 or newer is needed, DATABASE_URL has"
            f" {admin.info.server_version // 10000}"
        )


def _explained(step: Callable[[], None], right: str) -> None:
    try:
        step()
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"The user of DATABASE_URL lacks the right {right} ({first_line(error)}):"
            " grant it, or let an administrator run deploy/postgres.sql and set"
            " CATALOG_DATABASE_URL, METRICS_DATABASE_URL and IMPROVEMENT_DATABASE_URL"
        ) from error


def _ensure_role(
    admin: psycopg.Connection[Any], definition: ServiceDefinition, runtime_url: str
) -> None:
    """The runtime role can log in with its URL; else it is created or given that password."""
    wanted = make_url(runtime_url)
    assert wanted.username is not None
    role, password = sql.Identifier(wanted.username), sql.Literal(wanted.password or "")
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [wanted.username]).fetchone()
    if not known:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
        return
    refused = _refused_login(runtime_url)
    if refused is None:
        return
    try:
        admin.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, password))
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"The role {wanted.username} is there, and {runtime_variable(definition)} cannot log"
            f" in ({refused}): set it to a URL with that role's password; to give it another, the"
            " user of DATABASE_URL lacks the right CREATEROLE"
        ) from error


def _refused_login(url: str) -> str | None:
    """Why nobody can log in with a URL; None if one can."""
    try:
        psycopg.connect(libpq_url(url), connect_timeout=5).close()
    except psycopg.OperationalError as error:
        return first_line(error)
    return None


def first_line(error: BaseException) -> str:
    """What went wrong: below it libpq asks questions and lists other addresses."""
    return str(error).strip().splitlines()[0]


def runtime_variable(definition: ServiceDefinition) -> str:
    """The variable with the URL that a service logs in with."""
    return f"{definition.schema.upper()}_DATABASE_URL"


def _ensure_schemas(admin: psycopg.Connection[Any], schema: str) -> None:
    for name in (schema, f"{schema}_jobs"):
        present = admin.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name]).fetchone()
        if not present:
            admin.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))


def _grant(admin: psycopg.Connection[Any], definition: ServiceDefinition, role: str) -> None:
    """Exactly the rights the runtime needs, restated at each migration."""
    names = {"schema": sql.Identifier(definition.schema), "role": sql.Identifier(role)}
    database = sql.Identifier(admin.info.dbname)
    statements = [
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {role}").format(database, **names),
        sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {role}").format(**names),
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}").format(**names),
        sql.SQL("GRANT SELECT ON {schema}.alembic_version TO {role}").format(**names),
        sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}").format(**names),
    ]
    for table in definition.metadata.sorted_tables:
        rights = "SELECT, INSERT"
        if not table.info.get("append_only"):
            rights += ", UPDATE, DELETE"
        statements.append(
            sql.SQL("GRANT {} ON {schema}.{} TO {role}").format(
                sql.SQL(rights), sql.Identifier(table.name), **names
            )
        )
    for routine in definition.routines:
        signature = sql.SQL(routine)
        statements += [
            sql.SQL("REVOKE EXECUTE ON FUNCTION {schema}.{} FROM PUBLIC").format(
                signature, **names
            ),
            sql.SQL("GRANT EXECUTE ON FUNCTION {schema}.{} TO {role}").format(signature, **names),
        ]
    hidden = admin.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace"
        " WHERE extname = ANY(%s) AND NOT has_schema_privilege(%s, n.oid, 'USAGE')",
        [list(definition.extensions), role],
    ).fetchall()
    statements += [
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {role}").format(sql.Identifier(name), **names)
        for (name,) in hidden
    ]
    with admin.transaction():
        for statement in statements:
            admin.execute(statement)


class StaleSchema(Exception):
    """The database is at another schema version than this program."""


@cache
def _heads_of(package: str) -> frozenset[str]:
    """The versions that a program's own migrations end in."""
    return frozenset(ScriptDirectory.from_config(alembic_config(package)).get_heads())


async def check_schema(engine: AsyncEngine, package: str, schema: str) -> None:
    """Refuse to start on a schema that is not this program's; raises StaleSchema."""
    expected = _heads_of(package)

    def heads(connection: Connection) -> set[str]:
        options = {"version_table_schema": schema}
        return set(MigrationContext.configure(connection, opts=options).get_current_heads())

    async with engine.connect() as connection:
        actual = await connection.run_sync(heads)
    if actual != expected:
        raise StaleSchema(
            f"The schema {schema} is at {sorted(actual) or 'no version'}, this program needs"
            f" {sorted(expected)}: run `python -m {package} migrate` (or `make migrate`)"
        )
