"""Copies of what the catalog knows beside services and names."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_copies"
down_revision: str | Sequence[str] | None = "20261125_incidents"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.catalog_copy (
    id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    data JSONB NOT NULL,
    digest BYTEA NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    CONSTRAINT pk_catalog_copy PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_catalog_copy_current ON metrics.catalog_copy (kind, key)
    WHERE ended_at IS NULL;
COMMENT ON COLUMN metrics.catalog_copy.digest IS 'SHA-256 of the canonical data';
"""
DOWN = """
DROP TABLE metrics.catalog_copy;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
