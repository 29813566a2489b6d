"""Measured effects, guard-rails, and how plans ended."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_benefits"
down_revision: str | Sequence[str] | None = "20261125_finance"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE improvement.guard_rail (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    tolerance NUMERIC NOT NULL,
    CONSTRAINT pk_guard_rail PRIMARY KEY (id),
    CONSTRAINT uq_guard_rail_plan_id_service_kpi UNIQUE (plan_id, service, kpi),
    CONSTRAINT ck_guard_rail_tolerance CHECK (tolerance >= 0),
    CONSTRAINT fk_guard_rail_plan_id FOREIGN KEY (plan_id) REFERENCES improvement.plan (id)
);
CREATE INDEX ix_guard_rail_service ON improvement.guard_rail (service);
CREATE TABLE improvement.measurement (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    initiative_id UUID,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    inputs JSONB NOT NULL,
    inputs_hash TEXT NOT NULL,
    method TEXT NOT NULL,
    result JSONB NOT NULL,
    exploratory BOOLEAN NOT NULL,
    verdict VARCHAR(40) NOT NULL,
    worse_at_least DOUBLE PRECISION,
    worse_at_most DOUBLE PRECISION,
    grain VARCHAR(40) NOT NULL,
    look INTEGER,
    judged_on DATE,
    last_judged_on DATE NOT NULL,
    as_of TIMESTAMPTZ NOT NULL,
    measured_at TIMESTAMPTZ NOT NULL,
    measured_by TEXT NOT NULL,
    CONSTRAINT pk_measurement PRIMARY KEY (id),
    CONSTRAINT ck_measurement_verdict
        CHECK (verdict IN ('improved', 'worsened', 'not_shown', 'inconclusive')),
    CONSTRAINT ck_measurement_grain CHECK (grain IN ('week', 'month')),
    CONSTRAINT ck_measurement_interval
        CHECK ((verdict = 'inconclusive') = (worse_at_least IS NULL)),
    CONSTRAINT fk_measurement_plan_id FOREIGN KEY (plan_id) REFERENCES improvement.plan (id),
    CONSTRAINT fk_measurement_initiative_id
        FOREIGN KEY (initiative_id) REFERENCES improvement.initiative (id)
);
CREATE UNIQUE INDEX uq_measurement_of_initiative
    ON improvement.measurement (initiative_id, inputs_hash, method, exploratory)
    WHERE initiative_id IS NOT NULL;
CREATE UNIQUE INDEX uq_measurement_of_guard_rail
    ON improvement.measurement (plan_id, service, kpi, inputs_hash, method, exploratory)
    WHERE initiative_id IS NULL;
CREATE INDEX ix_measurement_initiative_id_measured_at_id
    ON improvement.measurement (initiative_id, measured_at, id);
CREATE INDEX ix_measurement_plan_id_service_kpi_measured_at_id
    ON improvement.measurement (plan_id, service, kpi, measured_at, id);
ALTER TABLE improvement.plan
    ADD COLUMN outcome VARCHAR(40),
    ADD COLUMN outcome_reasons JSONB,
    ADD CONSTRAINT ck_plan_outcome CHECK (outcome IN ('successful', 'unsuccessful')),
    ADD CONSTRAINT ck_plan_closed CHECK ((state = 'closed') = (outcome IS NOT NULL)),
    ADD CONSTRAINT ck_plan_outcome_reasons
        CHECK ((outcome IS NULL) = (outcome_reasons IS NULL));
"""
DOWN = """
ALTER TABLE improvement.plan DROP COLUMN outcome_reasons, DROP COLUMN outcome;
DROP TABLE improvement.measurement;
DROP TABLE improvement.guard_rail;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
