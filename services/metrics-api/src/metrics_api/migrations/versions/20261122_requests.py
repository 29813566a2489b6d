"""Requests: their end state, and every version they were told in."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261122_requests"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.request_record (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    service TEXT,
    offering TEXT,
    customer TEXT,
    state TEXT,
    raw_state TEXT,
    impact TEXT,
    urgency TEXT,
    priority SMALLINT,
    opened_at TIMESTAMPTZ,
    due_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    fulfilled_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    met BOOLEAN,
    steps JSONB NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    digest BYTEA NOT NULL,
    versions INTEGER NOT NULL,
    first_received_at TIMESTAMPTZ NOT NULL,
    last_received_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_request_record PRIMARY KEY (source, external_id),
    CONSTRAINT ck_request_record_state CHECK (
        state IN ('new', 'in_progress', 'on_hold', 'resolved', 'closed', 'cancelled')
    )
);
CREATE INDEX ix_request_record_service_fulfilled_at
    ON metrics.request_record (service, fulfilled_at);
CREATE INDEX ix_request_record_service_opened_at ON metrics.request_record (service, opened_at);
COMMENT ON COLUMN metrics.request_record.raw_state IS 'the state in the source''s words';
COMMENT ON COLUMN metrics.request_record.ended_at IS 'fulfilled or given up';
COMMENT ON COLUMN metrics.request_record.met IS 'fulfilled when it was due';
COMMENT ON COLUMN metrics.request_record.version IS 'of the newest version, as the two below';
COMMENT ON COLUMN metrics.request_record.versions IS 'how many are kept';
CREATE TABLE metrics.request_record_version (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_request_record_version PRIMARY KEY (source, external_id, version, digest)
);
CREATE INDEX ix_request_record_version_source_external_id_received_at_digest
    ON metrics.request_record_version (source, external_id, received_at, digest);
COMMENT ON COLUMN metrics.request_record_version.digest IS 'SHA-256 of the canonical payload'
"""
DOWN = """
DROP TABLE metrics.request_record_version, metrics.request_record
"""


def upgrade() -> None:
    _run(UP)


def downgrade() -> None:
    _run(DOWN)


def _run(script: str) -> None:
    """One statement at a time: some clusters refuse several in one query."""
    for statement in script.split(";\n"):
        op.execute(statement)
