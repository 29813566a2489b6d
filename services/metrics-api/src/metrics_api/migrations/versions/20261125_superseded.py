"""Readings of receipts, and versions that a corrected reading supersedes."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_superseded"
down_revision: str | Sequence[str] | None = "20261125_openslo"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Receipts that were processed before have no readings, and what they gave cannot be told from what
# was pushed: replayed, they supersede nothing.
UP = """
CREATE TABLE metrics.reading (
    source_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    receipt_id BIGINT NOT NULL,
    CONSTRAINT pk_reading PRIMARY KEY (source_id, kind, external_id, digest, receipt_id)
);
CREATE INDEX ix_reading_receipt_id ON metrics.reading (receipt_id);
COMMENT ON COLUMN metrics.reading.receipt_id IS '0: pushed as well, or older than this table';
CREATE TABLE metrics.superseded_version (
    kind TEXT NOT NULL,
    source_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    receipt_id BIGINT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_superseded_version
        PRIMARY KEY (kind, source_id, external_id, digest, received_at)
);
COMMENT ON COLUMN metrics.superseded_version.receipt_id IS 'which does not say so any more';
"""
DOWN = """
DROP TABLE metrics.superseded_version, metrics.reading;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
