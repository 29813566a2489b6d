"""The schema of metrics-api: models and migrations agree, versions are never rewritten."""

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from shared.kit.database import sqlalchemy_url
from shared.kit.migrations import alembic_config
from tests.support.postgres import Database


def constraints(database: Database) -> dict[str, str]:
    with psycopg.connect(database.admin_url) as admin:
        rows = admin.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'metrics'::regnamespace"
        )
        return dict(rows.fetchall())


def test_models_and_migrations_agree(metrics_db: Database) -> None:
    with create_engine(sqlalchemy_url(metrics_db.admin_url)).begin() as connection:
        command.check(alembic_config("metrics_api", connection))


def test_upgrade_downgrade_upgrade_ends_where_it_began(metrics_db: Database) -> None:
    before = constraints(metrics_db)

    for step, target in ((command.downgrade, "base"), (command.upgrade, "head")):
        with create_engine(sqlalchemy_url(metrics_db.admin_url)).begin() as connection:
            step(alembic_config("metrics_api", connection), target)

    assert constraints(metrics_db) == before


@pytest.mark.parametrize("table", ["incident_version", "record_version"])
def test_versions_cannot_be_rewritten_by_the_service(metrics_db: Database, table: str) -> None:
    for statement in (
        f"DELETE FROM metrics.{table}",
        f"UPDATE metrics.{table} SET payload = '{{}}'",
    ):
        with (
            psycopg.connect(metrics_db.runtime_url) as runtime,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            runtime.execute(statement.encode())
