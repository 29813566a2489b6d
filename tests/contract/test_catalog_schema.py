"""The catalog's schema: models and migrations agree, and the runtime role can do no more."""

import re

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import Enum, create_engine

from catalog_api.app import create_app
from catalog_api.definition import DEFINITION
from shared.kit.database import sqlalchemy_url
from shared.kit.migrations import MigrationError, alembic_config, migrate
from tests.support.postgres import Database, Server

# The metadata knows a table only once its module is imported.
create_app()


def constraints(database: Database) -> dict[str, str]:
    with psycopg.connect(database.admin_url) as admin:
        rows = admin.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'catalog'::regnamespace"
        )
        return dict(rows.fetchall())


def test_models_and_migrations_agree(catalog_db: Database) -> None:
    with create_engine(sqlalchemy_url(catalog_db.admin_url)).begin() as connection:
        command.check(alembic_config("catalog_api", connection))


def test_upgrade_downgrade_upgrade_ends_where_it_began(catalog_db: Database) -> None:
    before = constraints(catalog_db)

    for step, target in ((command.downgrade, "base"), (command.upgrade, "head")):
        with create_engine(sqlalchemy_url(catalog_db.admin_url)).begin() as connection:
            step(alembic_config("catalog_api", connection), target)

    assert constraints(catalog_db) == before


def test_migrating_again_changes_nothing(catalog_db: Database) -> None:
    before = constraints(catalog_db)

    migrate(DEFINITION, catalog_db.admin_url, catalog_db.runtime_url)

    assert constraints(catalog_db) == before


def test_every_check_lists_the_values_of_its_enum(catalog_db: Database) -> None:
    """Alembic does not see a changed CHECK."""
    listed = {
        name: set(re.findall(r"'([^']+)'", check))
        for name, check in constraints(catalog_db).items()
        if check.startswith("CHECK")
    }
    enums = {
        f"ck_{table.name}_{column.type.name}": set(column.type.enums)
        for table in DEFINITION.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Enum)
    }

    assert len(enums) > 40
    assert {name: listed.get(name) for name in enums} == enums


OLD_EVENTS = """
    INSERT INTO catalog.outbox_event (id, type, subject, data, occurred_at)
    VALUES
        (gen_random_uuid(), 'request.submitted', 'vpn',
            '{"key": "REQ-1", "record": {"number": "REQ-1", "answers": {"salary": 1}}}', now()),
        (gen_random_uuid(), 'request.cancelled', 'vpn',
            '{"key": "REQ-1", "record": {"number": "REQ-1"}}', now()),
        (gen_random_uuid(), 'request.renamed', 'vpn', '{"key": "REQ-1"}', now()),
        (gen_random_uuid(), 'survey.made', 'vpn', '{"record": {"answers": []}}', now())
"""


def test_answers_to_request_forms_are_taken_out_of_the_events_of_earlier_releases(
    catalog_db: Database,
) -> None:
    with create_engine(sqlalchemy_url(catalog_db.admin_url)).begin() as connection:
        command.downgrade(alembic_config("catalog_api", connection), "20261126_delivered_at")
    with psycopg.connect(catalog_db.admin_url) as admin:
        admin.execute(OLD_EVENTS)

    migrate(DEFINITION, catalog_db.admin_url, catalog_db.runtime_url)

    with psycopg.connect(catalog_db.admin_url) as admin:
        kept = admin.execute("SELECT data FROM catalog.outbox_event ORDER BY position").fetchall()
    assert [data for (data,) in kept] == [
        {"key": "REQ-1", "record": {"number": "REQ-1"}},
        {"key": "REQ-1", "record": {"number": "REQ-1"}},
        {"key": "REQ-1"},
        {"record": {"answers": []}},
    ]


def append_only_tables() -> list[str]:
    return sorted(
        table.fullname
        for table in DEFINITION.metadata.tables.values()
        if table.info.get("append_only")
    )


def test_what_happened_cannot_be_rewritten_by_the_service(catalog_db: Database) -> None:
    tables = append_only_tables()
    assert {"catalog.audit_entry", "catalog.stage_transition"} < set(tables)

    with psycopg.connect(catalog_db.runtime_url, autocommit=True) as runtime:
        for table in tables:
            for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", _touch(table)):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    runtime.execute(statement)  # type: ignore[arg-type]


def _touch(table: str) -> str:
    (column, *_) = DEFINITION.metadata.tables[table].columns.keys()
    return f"UPDATE {table} SET {column} = DEFAULT"


def test_the_service_cannot_change_its_own_schema(catalog_db: Database) -> None:
    with (
        psycopg.connect(catalog_db.runtime_url) as runtime,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        runtime.execute("ALTER TABLE catalog.service ADD COLUMN x integer")


def test_the_similarity_search_uses_its_index(catalog_db: Database) -> None:
    with psycopg.connect(catalog_db.runtime_url) as runtime:
        runtime.execute("SET enable_seqscan = off")
        plan = runtime.execute(
            "EXPLAIN SELECT key FROM catalog.service WHERE catalog.text_resembles('netwrok', name)"
        ).fetchall()

    assert "ix_service_name_trigram" in str(plan)


def test_an_extension_that_is_already_elsewhere_is_used_there(postgres_server: Server) -> None:
    database = postgres_server.create_empty_database("catalog")
    try:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute('CREATE SCHEMA "Our Extensions"')
            admin.execute('CREATE EXTENSION pg_trgm SCHEMA "Our Extensions"')
        migrate(DEFINITION, database.admin_url, database.runtime_url)
        with psycopg.connect(database.runtime_url) as runtime:
            (likeness,) = runtime.execute(
                "SELECT catalog.text_resemblance('mail', 'mail')"
            ).fetchone() or (None,)
    finally:
        postgres_server.drop_database(database.name)

    assert likeness == 1


def test_who_does_not_own_the_schemas_is_told_so(postgres_server: Server) -> None:
    database = postgres_server.create_empty_database("catalog")
    role = f"{database.name}_other"
    other_url = re.sub(r"//[^@]*@", f"//{role}:other@", database.admin_url)
    try:
        migrate(DEFINITION, database.admin_url, database.runtime_url)
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'other'").format(sql.Identifier(role))
            )

        with pytest.raises(MigrationError, match="not the owner of the schemas catalog"):
            migrate(DEFINITION, other_url, database.runtime_url)
    finally:
        postgres_server.drop_database(database.name)
        with postgres_server.connect() as admin:
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def test_a_wrong_password_of_the_runtime_role_is_told_where_it_may_not_be_set(
    postgres_server: Server,
) -> None:
    database = postgres_server.create_empty_database("catalog")
    role = f"{database.name}_weak"
    weak_url = re.sub(r"//[^@]*@", f"//{role}:weak@", database.admin_url)
    wrong_url = re.sub(r":[^:@]*@", ":wrong@", database.runtime_url)
    try:
        migrate(DEFINITION, database.admin_url, database.runtime_url)
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'weak'").format(sql.Identifier(role))
            )

        with pytest.raises(
            MigrationError, match=r"CATALOG_DATABASE_URL cannot log in .*lacks the right CREATEROLE"
        ):
            migrate(DEFINITION, weak_url, wrong_url)
    finally:
        postgres_server.drop_database(database.name)
        with postgres_server.connect() as admin:
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def test_without_the_right_to_make_the_extension_the_error_says_what_to_do(
    postgres_server: Server,
) -> None:
    database = postgres_server.create_empty_database("catalog")
    role = f"{database.name}_weak"
    weak_url = re.sub(r"//[^@]*@", f"//{role}:weak@", database.admin_url)
    try:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'weak' CREATEROLE").format(
                    sql.Identifier(role)
                )
            )
            for schema in ("catalog", "catalog_jobs"):
                admin.execute(
                    sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(
                        sql.Identifier(schema), sql.Identifier(role)
                    )
                )

        with pytest.raises(MigrationError, match="CREATE EXTENSION pg_trgm"):
            migrate(DEFINITION, weak_url, database.runtime_url)
    finally:
        postgres_server.drop_database(database.name)
        with postgres_server.connect() as admin:
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
