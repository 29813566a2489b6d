"""Opportunities, triggers, goals, and what plans come from."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_opportunities"
down_revision: str | Sequence[str] | None = "20261125_signals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE improvement.plan ADD COLUMN opportunity_id UUID;
ALTER TABLE improvement.plan ADD COLUMN objective TEXT;
ALTER TABLE improvement.plan ADD COLUMN cause JSONB;
ALTER TABLE improvement.plan ADD COLUMN cause_key TEXT;
ALTER TABLE improvement.plan ADD CONSTRAINT ck_plan_cause
    CHECK ((cause IS NULL) = (cause_key IS NULL));
ALTER TABLE improvement.plan ADD CONSTRAINT uq_plan_cause_key UNIQUE (cause_key);
CREATE TABLE improvement.goal (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    comparator VARCHAR(40) NOT NULL,
    value NUMERIC NOT NULL,
    baseline_value NUMERIC,
    baseline_period TEXT,
    due_on DATE NOT NULL,
    relevant_to TEXT NOT NULL,
    owner TEXT NOT NULL,
    reached_at TIMESTAMPTZ,
    last_value NUMERIC,
    last_period TEXT,
    judged_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_goal PRIMARY KEY (id),
    CONSTRAINT ck_goal_baseline
        CHECK ((baseline_value IS NULL) = (baseline_period IS NULL)),
    CONSTRAINT ck_goal_comparator CHECK (comparator IN ('lte', 'lt', 'gte', 'gt')),
    CONSTRAINT fk_goal_plan_id FOREIGN KEY (plan_id) REFERENCES improvement.plan (id)
);
CREATE INDEX ix_goal_plan_id_created_at_id ON improvement.goal (plan_id, created_at, id);
CREATE INDEX ix_goal_service_due_on ON improvement.goal (service, due_on);
"""
DOWN = """
DROP TABLE improvement.goal;
ALTER TABLE improvement.plan DROP COLUMN cause_key;
ALTER TABLE improvement.plan DROP COLUMN cause;
ALTER TABLE improvement.plan DROP COLUMN objective;
ALTER TABLE improvement.plan DROP COLUMN opportunity_id;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
