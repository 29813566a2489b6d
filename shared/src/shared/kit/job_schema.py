"""The job queue's own schema: installed, upgraded, and opened to the runtime role."""

from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

_MIGRATIONS = resources.files("procrastinate.sql") / "migrations"


def apply_jobs_schema(admin: psycopg.Connection[Any], schema: str, role: str) -> None:
    """Bring the queue in `schema` (which exists) to the installed procrastinate; repeatable.

    The name of the last migration that is in it stands in the table's comment.
    """
    with admin.transaction():
        admin.execute(
            sql.SQL("SET LOCAL search_path TO {}, pg_temp").format(sql.Identifier(schema))
        )
        available = sorted(file.name for file in _MIGRATIONS.iterdir() if file.name.endswith("sql"))
        for script in _missing(admin, schema, available):
            admin.execute(script.encode())
        admin.execute(
            sql.SQL("COMMENT ON TABLE procrastinate_jobs IS {}").format(sql.Literal(available[-1]))
        )
        _pin_search_path(admin, schema)
        _fetch_in_order(admin, schema)
        _grant(admin, schema, role)


def _missing(admin: psycopg.Connection[Any], schema: str, available: list[str]) -> list[str]:
    """The SQL scripts that the queue still lacks: everything, or the later migrations."""
    found = admin.execute(
        "SELECT obj_description(to_regclass(%s), 'pg_class'), to_regclass(%s) IS NOT NULL",
        [f'"{schema}".procrastinate_jobs'] * 2,
    ).fetchone()
    assert found is not None
    last_applied, installed = found
    if not installed:
        return [(resources.files("procrastinate.sql") / "schema.sql").read_text("utf-8")]
    return [
        (_MIGRATIONS / name).read_text("utf-8") for name in available if name > (last_applied or "")
    ]


def _pin_search_path(admin: psycopg.Connection[Any], schema: str) -> None:
    """procrastinate's functions name no schema; pinned, they also work in our own sessions."""
    routines = admin.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = %s::regnamespace",
        [f'"{schema}"'],
    ).fetchall()
    for (signature,) in routines:
        admin.execute(
            sql.SQL("ALTER ROUTINE {} SET search_path = {}, pg_temp").format(
                sql.SQL(signature), sql.Identifier(schema)
            )
        )


def _fetch_in_order(admin: psycopg.Connection[Any], schema: str) -> None:
    """Have the next job read from the index of priorities, up to the first that fits.

    A queue has the statistics of a moment when it was empty. By them PostgreSQL would rather
    compare all jobs that wait with all others and sort what is left, for each that is taken.
    """
    admin.execute(
        sql.SQL(
            "ALTER FUNCTION {}.procrastinate_fetch_job_v2(varchar[], bigint) SET enable_sort = off"
        ).format(sql.Identifier(schema))
    )


def _grant(admin: psycopg.Connection[Any], schema: str, role: str) -> None:
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    for statement in (
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    ):
        admin.execute(sql.SQL(statement).format(**names))
