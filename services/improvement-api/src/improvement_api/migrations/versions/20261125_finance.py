"""Business cases and capability assessments."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_finance"
down_revision: str | Sequence[str] | None = "20261125_opportunities"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE improvement.business_case (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    version INTEGER NOT NULL,
    state VARCHAR(40) NOT NULL,
    text JSONB NOT NULL,
    costs JSONB NOT NULL,
    text_hash TEXT NOT NULL,
    authors TEXT[] NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_business_case PRIMARY KEY (id),
    CONSTRAINT ck_business_case_version CHECK (version >= 1),
    CONSTRAINT ck_business_case_state
        CHECK (state IN ('draft', 'submitted', 'approved', 'rejected')),
    CONSTRAINT fk_business_case_plan_id FOREIGN KEY (plan_id) REFERENCES improvement.plan (id)
);
CREATE UNIQUE INDEX uq_business_case_version ON improvement.business_case (plan_id, version);
CREATE UNIQUE INDEX uq_business_case_open ON improvement.business_case (plan_id)
    WHERE state <> 'approved';
CREATE TABLE improvement.business_case_decision (
    id UUID NOT NULL,
    business_case_id UUID NOT NULL,
    verdict VARCHAR(40) NOT NULL,
    text_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    comment TEXT NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    decided_by TEXT NOT NULL,
    CONSTRAINT pk_business_case_decision PRIMARY KEY (id),
    CONSTRAINT ck_business_case_decision_verdict CHECK (verdict IN ('approved', 'rejected')),
    CONSTRAINT fk_business_case_decision_business_case_id
        FOREIGN KEY (business_case_id) REFERENCES improvement.business_case (id)
);
CREATE INDEX ix_business_case_decision_business_case_id_decided_at_id
    ON improvement.business_case_decision (business_case_id, decided_at, id);
CREATE TABLE improvement.plan_actual (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    line TEXT NOT NULL,
    at_start BOOLEAN NOT NULL,
    starts_on DATE NOT NULL,
    amount NUMERIC NOT NULL,
    currency TEXT NOT NULL,
    source TEXT NOT NULL,
    evidence TEXT,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_plan_actual PRIMARY KEY (id),
    CONSTRAINT fk_plan_actual_plan_id FOREIGN KEY (plan_id) REFERENCES improvement.plan (id)
);
CREATE INDEX ix_plan_actual_plan_id_starts_on_id
    ON improvement.plan_actual (plan_id, starts_on, id);
CREATE TABLE improvement.capability_assessment (
    id UUID NOT NULL,
    scope VARCHAR(40) NOT NULL,
    scope_key TEXT,
    assessed_on DATE NOT NULL,
    summary TEXT NOT NULL,
    ratings JSONB NOT NULL,
    text_hash TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    assessors TEXT[] NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_capability_assessment PRIMARY KEY (id),
    CONSTRAINT ck_capability_assessment_scope_key
        CHECK ((scope = 'organisation') = (scope_key IS NULL)),
    CONSTRAINT ck_capability_assessment_scope
        CHECK (scope IN ('organisation', 'portfolio', 'service')),
    CONSTRAINT ck_capability_assessment_state
        CHECK (state IN ('draft', 'submitted', 'approved'))
);
CREATE INDEX ix_capability_assessment_assessed_on_id
    ON improvement.capability_assessment (assessed_on, id);
CREATE INDEX ix_capability_assessment_scope_scope_key_state_assessed_on
    ON improvement.capability_assessment (scope, scope_key, state, assessed_on);
CREATE TABLE improvement.capability_decision (
    id UUID NOT NULL,
    assessment_id UUID NOT NULL,
    verdict VARCHAR(40) NOT NULL,
    text_hash TEXT NOT NULL,
    comment TEXT NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    decided_by TEXT NOT NULL,
    CONSTRAINT pk_capability_decision PRIMARY KEY (id),
    CONSTRAINT ck_capability_decision_verdict CHECK (verdict IN ('approved', 'returned')),
    CONSTRAINT fk_capability_decision_assessment_id
        FOREIGN KEY (assessment_id) REFERENCES improvement.capability_assessment (id)
);
CREATE INDEX ix_capability_decision_assessment_id_decided_at_id
    ON improvement.capability_decision (assessment_id, decided_at, id);
"""
DOWN = """
DROP TABLE improvement.capability_decision;
DROP TABLE improvement.capability_assessment;
DROP TABLE improvement.plan_actual;
DROP TABLE improvement.business_case_decision;
DROP TABLE improvement.business_case;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
