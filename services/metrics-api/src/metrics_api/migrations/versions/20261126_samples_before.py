"""Samples that were replaced are kept: what was known of an SLI before."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_samples_before"
down_revision: str | Sequence[str] | None = "20261126_sli_credits"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.sli_sample_before (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    sli TEXT NOT NULL,
    series TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    part NUMERIC,
    total NUMERIC,
    value DOUBLE PRECISION,
    received_at TIMESTAMPTZ NOT NULL,
    replaced_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_sli_sample_before PRIMARY KEY (id)
);
CREATE INDEX ix_sli_sample_before_sli_at ON metrics.sli_sample_before (sli, at);
"""
DOWN = "DROP TABLE metrics.sli_sample_before"


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
