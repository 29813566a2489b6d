"""Samples and queries that feed SLIs."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_samples"
down_revision: str | Sequence[str] | None = "20261125_slos"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.sli_sample (
    sli TEXT NOT NULL,
    series TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    part NUMERIC,
    total NUMERIC,
    value DOUBLE PRECISION,
    received_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_sli_sample PRIMARY KEY (sli, series, at)
);
CREATE INDEX ix_sli_sample_sli_at ON metrics.sli_sample (sli, at);
COMMENT ON COLUMN metrics.sli_sample.series IS 'empty where it has only one';
COMMENT ON COLUMN metrics.sli_sample.part IS 'good or bad, as the SLI says';
CREATE TABLE metrics.sli_cell (
    facet BIGINT NOT NULL,
    grain TEXT NOT NULL,
    start TIMESTAMPTZ NOT NULL,
    good NUMERIC NOT NULL,
    total NUMERIC NOT NULL,
    samples BIGINT NOT NULL,
    slices BIGINT NOT NULL,
    slices_good BIGINT NOT NULL,
    slices_ratio NUMERIC NOT NULL,
    CONSTRAINT pk_sli_cell PRIMARY KEY (facet, grain, start),
    CONSTRAINT fk_sli_cell_facet FOREIGN KEY (facet) REFERENCES metrics.sli_facet (id),
    CONSTRAINT ck_sli_cell_grain CHECK (grain IN ('m', 'h', 'd'))
);
COMMENT ON COLUMN metrics.sli_cell.slices_ratio IS 'sum of the slices'' shares';
"""
DOWN = """
DROP TABLE metrics.sli_cell;
DROP TABLE metrics.sli_sample;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
