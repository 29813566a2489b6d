"""The seven tiers and critical success factors."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_tiers"
down_revision: str | Sequence[str] | None = "20261125_samples"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.kra (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    owner TEXT NOT NULL,
    objective TEXT,
    active BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_kra PRIMARY KEY (key)
);
COMMENT ON COLUMN metrics.kra.objective IS 'key of an objective of the catalog';
CREATE TABLE metrics.kra_kpi (
    kra TEXT NOT NULL,
    kpi TEXT NOT NULL,
    service TEXT NOT NULL,
    CONSTRAINT pk_kra_kpi PRIMARY KEY (kra, kpi, service),
    CONSTRAINT fk_kra_kpi_kra FOREIGN KEY (kra) REFERENCES metrics.kra (key)
);
CREATE INDEX ix_kra_kpi_service_kpi ON metrics.kra_kpi (service, kpi);
CREATE TABLE metrics.tier_link (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    upper TEXT NOT NULL,
    lower TEXT NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    linked_by TEXT NOT NULL,
    CONSTRAINT pk_tier_link PRIMARY KEY (id),
    CONSTRAINT ck_tier_link_kind CHECK (kind IN ('kpt_vma', 'vma_slo', 'sli_sie'))
);
CREATE UNIQUE INDEX ix_tier_link_kind_upper_lower ON metrics.tier_link (kind, upper, lower);
CREATE INDEX ix_tier_link_kind_lower ON metrics.tier_link (kind, lower);
CREATE TABLE metrics.success_factor (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    owner TEXT NOT NULL,
    objective TEXT,
    kra TEXT,
    active BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_success_factor PRIMARY KEY (key),
    CONSTRAINT ck_success_factor_one_link CHECK ((objective IS NULL) <> (kra IS NULL)),
    CONSTRAINT fk_success_factor_kra FOREIGN KEY (kra) REFERENCES metrics.kra (key)
);
CREATE INDEX ix_success_factor_kra ON metrics.success_factor (kra);
CREATE INDEX ix_success_factor_objective ON metrics.success_factor (objective);
CREATE TABLE metrics.success_factor_kpi (
    factor TEXT NOT NULL,
    kpi TEXT NOT NULL,
    service TEXT NOT NULL,
    CONSTRAINT pk_success_factor_kpi PRIMARY KEY (factor, kpi, service),
    CONSTRAINT fk_success_factor_kpi_factor FOREIGN KEY (factor)
        REFERENCES metrics.success_factor (key)
);
CREATE INDEX ix_success_factor_kpi_service_kpi ON metrics.success_factor_kpi (service, kpi);
"""
DOWN = """
DROP TABLE metrics.success_factor_kpi, metrics.success_factor, metrics.tier_link, metrics.kra_kpi,
    metrics.kra;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
