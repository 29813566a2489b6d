"""The schema of metrics-api: models and migrations agree, versions are never rewritten."""

from collections.abc import Callable
from functools import partial

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from metrics_api.clocks.jobs import JOBS
from metrics_api.clocks.promises import RECLOCK_JOB
from metrics_api.records.kinds import KINDS
from metrics_api.tiers.schemas import KraOut
from shared.kit.database import sqlalchemy_url
from shared.kit.jobs import queue_name
from shared.kit.migrations import alembic_config
from shared.schemas.metrics import RecordKind
from tests.support.postgres import Database


@pytest.fixture
def metrics_db(make_database: Callable[[str], Database]) -> Database:
    """One of its own: what these tests do to it no cleaning brings back."""
    return make_database("metrics")


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
        migrate(metrics_db, step, target)

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


def test_every_table_of_versions_has_partitions_for_the_months_to_come(
    metrics_db: Database,
) -> None:
    statement = (
        "SELECT inhparent::regclass::text, count(*) FROM pg_inherits"
        " WHERE inhparent::regclass::text LIKE 'metrics.%version' GROUP BY 1 ORDER BY 1"
    )

    # This month and three more, and the default one.
    assert read(metrics_db, statement) == [
        ("metrics.incident_version", 5),
        ("metrics.record_version", 5),
    ]


OLD_KRAS = """
    INSERT INTO metrics.kra (key, name, description, owner, active, version, created_at, updated_at)
    SELECT k, 'Area ' || k, '', 'ada', true, 3, '2026-03-01T12:00Z', '2026-04-01T12:00Z'
    FROM unnest(ARRAY['measured', 'not-measured']) k;
    INSERT INTO metrics.kra_kpi (kra, kpi, service)
    VALUES ('measured', 'mttr', 'vpn'), ('measured', 'csat', 'vpn')
"""


def test_key_result_areas_begin_with_what_they_say_since_they_were_last_changed(
    metrics_db: Database,
) -> None:
    migrate(metrics_db, command.downgrade, "20261126_samples_before")
    with psycopg.connect(metrics_db.admin_url) as admin:
        admin.execute(OLD_KRAS)
    migrate(metrics_db, command.upgrade, "head")

    found = read(
        metrics_db,
        "SELECT key, version, data, recorded_at = '2026-04-01T12:00Z' FROM metrics.kra_version"
        " ORDER BY key",
    )
    assert [(*row[:2], row[3]) for row in found] == [
        ("measured", 3, True),
        ("not-measured", 3, True),
    ]
    measured, other = (KraOut.model_validate(row[2]) for row in found)
    assert [(one.kpi, one.service) for one in measured.kpis] == [("csat", "vpn"), ("mttr", "vpn")]
    assert (other.name, other.kpis) == ("Area not-measured", [])


OLD_CLOCKS = """
    INSERT INTO metrics.incident (source_id, external_id, service, service_pinned,
        sends_resolved_at, reopened, response_due_at, resolution_due_at, stamped_at, digest,
        versions, first_received_at, last_received_at)
    SELECT 1, n, (ARRAY['vpn', 'mail', 'files'])[n], false, false, false,
        (ARRAY[NULL, NULL, '2026-03-02T09:00Z'::timestamptz])[n],
        (ARRAY[NULL, '2026-03-02T17:00Z'::timestamptz, '2026-03-03T12:00Z'])[n],
        now(), '', 1, now(), now()
    FROM generate_series(1, 3) n;
"""


def test_clocks_run_out_when_they_are_due_until_they_are_set_anew(metrics_db: Database) -> None:
    migrate(metrics_db, command.downgrade, "20261126_delivered_at")
    with psycopg.connect(metrics_db.admin_url) as admin:
        admin.execute(OLD_CLOCKS)
    migrate(metrics_db, command.upgrade, "head")

    due, late = (
        read(
            metrics_db,
            f"SELECT external_id, response_{each}, resolution_{each} FROM metrics.incident",
        )
        for each in ("due_at", "late_from")
    )
    assert late == due
    (job,) = (job for job in JOBS if job.name == RECLOCK_JOB)
    jobs = "SELECT queue_name, args FROM metrics_jobs.procrastinate_jobs WHERE task_name = %s"
    with psycopg.connect(metrics_db.admin_url) as admin:
        waiting = admin.execute(jobs, [RECLOCK_JOB]).fetchall()
    assert sorted(waiting, key=str) == [
        (queue_name("metrics", job.lane), {"services": [service]}) for service in ("files", "mail")
    ]


OLD_REQUESTS = """
    INSERT INTO metrics.request_record_version
        (source, external_id, version, digest, updated_at, received_at, payload)
    SELECT 'catalog', 'REQ-1', n, sha256(n::text::bytea), '2026-03-01T12:00Z', now(),
        jsonb_build_object('number', 'REQ-1', 'revision', n, 'service', 'vpn', 'offering', 'laptop',
            'offering_version', 1, 'state', (ARRAY['submitted', 'in_fulfilment', 'fulfilled'])[n],
            'priority', 3, 'submitted_at', '2026-03-01T12:00:00Z', 'customer', 'sales',
            'fulfilled_at', CASE n WHEN 3 THEN '2026-03-01T13:00:00Z' END, 'steps', '[]'::jsonb)
    FROM generate_series(1, 3) n;
    INSERT INTO metrics.request_record (source, external_id, service, offering, customer, state,
        raw_state, priority, opened_at, fulfilled_at, met, steps, version, updated_at, digest,
        versions, first_received_at, last_received_at)
    VALUES ('catalog', 'REQ-1', 'vpn', 'laptop', 'sales', 'closed', 'fulfilled', 3,
        '2026-03-01T12:00Z', '2026-03-01T13:00Z', true, '[]', 3, '2026-03-01T12:00Z',
        sha256('3'), 3, now(), now())
"""


def migrate(database: Database, move: Callable[..., None], target: str) -> None:
    with create_engine(sqlalchemy_url(database.admin_url)).begin() as connection:
        move(alembic_config("metrics_api", connection), target)


def read(database: Database, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.admin_url) as admin:
        return admin.execute(statement.encode()).fetchall()


def test_requests_of_the_catalog_are_carried_over_and_back(metrics_db: Database) -> None:
    step = partial(migrate, metrics_db)
    step(command.downgrade, "20261125_copies")
    with psycopg.connect(metrics_db.admin_url) as admin:
        admin.execute(OLD_REQUESTS)
    old = read(metrics_db, "SELECT * FROM metrics.request_record_version ORDER BY version")
    step(command.upgrade, "20261125_records")

    record = "SELECT source_id, state, offering, sent->>'offering' FROM metrics.request_record"
    assert read(metrics_db, record) == [(0, "closed", "laptop", "laptop")]
    moves = "SELECT from_state, to_state, service FROM metrics.record_transition ORDER BY seq"
    assert read(metrics_db, moves) == [
        (None, "new", "vpn"),
        ("new", "in_progress", "vpn"),
        ("in_progress", "closed", "vpn"),
    ]
    ((payload,), *_) = read(metrics_db, "SELECT payload::text FROM metrics.record_version")
    assert KINDS[RecordKind.REQUEST].decoder.decode(str(payload)).external_id == "REQ-1"

    step(command.downgrade, "20261125_copies")
    kept = "number", "revision", "service", "state", "submitted_at", "fulfilled_at", "steps"
    for before, after in zip(
        old,
        read(metrics_db, "SELECT * FROM metrics.request_record_version ORDER BY version"),
        strict=True,
    ):
        assert after[:6] == before[:6]
        told, again = (dict(row[6]) for row in (before, after))  # type: ignore[call-overload]
        assert {name: again[name] for name in kept} == {name: told[name] for name in kept}
    step(command.upgrade, "head")
