"""Counts of refused deliveries; receipts that failed by index."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_refused_deliveries"
down_revision: str | Sequence[str] | None = "20261126_major_incidents"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.refused_delivery (
    source_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_at TIMESTAMPTZ NOT NULL,
    last_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_refused_delivery PRIMARY KEY (source_id, code),
    CONSTRAINT fk_refused_delivery_source_id_source
        FOREIGN KEY (source_id) REFERENCES metrics.source (id)
);
COMMENT ON COLUMN metrics.refused_delivery.detail IS 'why, of the last one';
CREATE INDEX ix_receipt_failed ON metrics.receipt (source_id, id) WHERE state = 'failed';
"""
DOWN = """
DROP INDEX metrics.ix_receipt_failed;
DROP TABLE metrics.refused_delivery;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
