"""Opportunities, triggers, goals, and what plans come from."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_opportunities"
down_revision: str | Sequence[str] | None = "20261125_signals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE improvement.opportunity (
    id UUID NOT NULL,
    title TEXT NOT NULL,
    problem TEXT NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT,
    impacts JSONB NOT NULL,
    benefit TEXT NOT NULL,
    owner TEXT,
    source VARCHAR(40) NOT NULL,
    cause_key TEXT,
    cause JSONB,
    figures JSONB NOT NULL,
    occurrences INTEGER NOT NULL,
    last_occurred_at TIMESTAMPTZ,
    state VARCHAR(40) NOT NULL,
    state_since TIMESTAMPTZ NOT NULL,
    state_comment TEXT,
    business_value SMALLINT,
    time_criticality SMALLINT,
    risk_reduction SMALLINT,
    job_size SMALLINT,
    assessment TEXT,
    assessed_at TIMESTAMPTZ,
    assessed_by TEXT,
    cost_of_delay INTEGER
        GENERATED ALWAYS AS (business_value + time_criticality + risk_reduction) STORED,
    wsjf NUMERIC GENERATED ALWAYS AS (
        round((business_value + time_criticality + risk_reduction)::numeric / job_size, 6)
    ) STORED,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_opportunity PRIMARY KEY (id),
    CONSTRAINT ck_opportunity_source CHECK (source IN ('manual', 'trigger')),
    CONSTRAINT ck_opportunity_state
        CHECK (state IN ('new', 'assessed', 'accepted', 'planned', 'rejected')),
    CONSTRAINT ck_opportunity_business_value CHECK (business_value IN (1, 2, 3, 5, 8, 13, 20)),
    CONSTRAINT ck_opportunity_time_criticality
        CHECK (time_criticality IN (1, 2, 3, 5, 8, 13, 20)),
    CONSTRAINT ck_opportunity_risk_reduction CHECK (risk_reduction IN (1, 2, 3, 5, 8, 13, 20)),
    CONSTRAINT ck_opportunity_job_size CHECK (job_size IN (1, 2, 3, 5, 8, 13, 20)),
    CONSTRAINT ck_opportunity_assessment CHECK (
        num_nulls(business_value, time_criticality, risk_reduction, job_size, assessed_at,
            assessed_by) IN (0, 6)
    ),
    CONSTRAINT ck_opportunity_assessed
        CHECK (state IN ('new', 'rejected') OR assessed_at IS NOT NULL),
    CONSTRAINT ck_opportunity_cause CHECK (
        (source = 'trigger') = (cause_key IS NOT NULL)
        AND (source = 'trigger') = (cause IS NOT NULL)
    )
);
CREATE UNIQUE INDEX uq_opportunity_waiting_cause ON improvement.opportunity (cause_key)
    WHERE state IN ('new', 'assessed', 'accepted');
CREATE INDEX ix_opportunity_created_at_id ON improvement.opportunity (created_at, id);
CREATE INDEX ix_opportunity_service_state ON improvement.opportunity (service, state);
CREATE INDEX ix_opportunity_state_wsjf ON improvement.opportunity (state, wsjf);
CREATE TABLE improvement.opportunity_link (
    opportunity_id UUID NOT NULL,
    kind VARCHAR(40) NOT NULL,
    target TEXT NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    linked_by TEXT NOT NULL,
    CONSTRAINT pk_opportunity_link PRIMARY KEY (opportunity_id, kind, target),
    CONSTRAINT fk_opportunity_link_opportunity_id
        FOREIGN KEY (opportunity_id) REFERENCES improvement.opportunity (id),
    CONSTRAINT ck_opportunity_link_kind
        CHECK (kind IN ('incident', 'risk', 'feedback_theme', 'root_cause_analysis'))
);
CREATE INDEX ix_opportunity_link_kind_target ON improvement.opportunity_link (kind, target);
CREATE TABLE improvement.opportunity_cause (
    key TEXT NOT NULL,
    opportunity_id UUID,
    CONSTRAINT pk_opportunity_cause PRIMARY KEY (key),
    CONSTRAINT fk_opportunity_cause_opportunity_id
        FOREIGN KEY (opportunity_id) REFERENCES improvement.opportunity (id)
);
CREATE TABLE improvement.opportunity_occurrence (
    id UUID NOT NULL,
    cause_key TEXT NOT NULL,
    identity TEXT NOT NULL,
    trigger TEXT NOT NULL,
    trigger_version INTEGER,
    service TEXT NOT NULL,
    subject TEXT NOT NULL,
    figures JSONB NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    handling VARCHAR(40) NOT NULL,
    reason TEXT NOT NULL,
    opportunity_id UUID NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_opportunity_occurrence PRIMARY KEY (id),
    CONSTRAINT uq_opportunity_occurrence_cause_key_identity UNIQUE (cause_key, identity),
    CONSTRAINT fk_opportunity_occurrence_cause_key
        FOREIGN KEY (cause_key) REFERENCES improvement.opportunity_cause (key),
    CONSTRAINT fk_opportunity_occurrence_opportunity_id
        FOREIGN KEY (opportunity_id) REFERENCES improvement.opportunity (id),
    CONSTRAINT ck_opportunity_occurrence_handling
        CHECK (handling IN ('opened', 'appended', 'quiet', 'old'))
);
CREATE INDEX ix_opportunity_occurrence_trigger_recorded_at_id
    ON improvement.opportunity_occurrence (trigger, recorded_at, id);
CREATE INDEX ix_opportunity_occurrence_opportunity_id_recorded_at_id
    ON improvement.opportunity_occurrence (opportunity_id, recorded_at, id);
ALTER TABLE improvement.plan ADD COLUMN opportunity_id UUID;
ALTER TABLE improvement.plan ADD COLUMN objective TEXT;
ALTER TABLE improvement.plan ADD COLUMN cause JSONB;
ALTER TABLE improvement.plan ADD COLUMN cause_key TEXT;
ALTER TABLE improvement.plan ADD CONSTRAINT ck_plan_cause
    CHECK ((cause IS NULL) = (cause_key IS NULL));
ALTER TABLE improvement.plan ADD CONSTRAINT uq_plan_cause_key UNIQUE (cause_key);
ALTER TABLE improvement.plan ADD CONSTRAINT uq_plan_opportunity_id UNIQUE (opportunity_id);
ALTER TABLE improvement.plan ADD CONSTRAINT fk_plan_opportunity_id
    FOREIGN KEY (opportunity_id) REFERENCES improvement.opportunity (id);
CREATE TABLE improvement.trigger_version (
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body JSONB NOT NULL,
    published_at TIMESTAMPTZ NOT NULL,
    published_by TEXT NOT NULL,
    CONSTRAINT pk_trigger_version PRIMARY KEY (key, version),
    CONSTRAINT ck_trigger_version_version CHECK (version >= 1)
);
CREATE TABLE improvement.signal_cursor (
    reader TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT pk_signal_cursor PRIMARY KEY (reader)
);
CREATE INDEX ix_signal_of_target ON improvement.signal ((data ->> 'target'), sequence)
    WHERE type IN ('target.met', 'target.missed');
CREATE TABLE improvement.goal (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    unit TEXT NOT NULL,
    grain VARCHAR(40) NOT NULL,
    comparator VARCHAR(40) NOT NULL,
    value NUMERIC NOT NULL,
    baseline_value NUMERIC,
    baseline_period TEXT,
    baseline_count INTEGER,
    baseline_as_of TIMESTAMPTZ NOT NULL,
    attainability VARCHAR(40) NOT NULL,
    judgement JSONB NOT NULL,
    reason TEXT NOT NULL,
    due_on DATE NOT NULL,
    relevant_to TEXT NOT NULL,
    owner TEXT NOT NULL,
    reached_at TIMESTAMPTZ,
    missed_at TIMESTAMPTZ,
    last_value NUMERIC,
    last_period TEXT,
    judged_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_goal PRIMARY KEY (id),
    CONSTRAINT ck_goal_baseline
        CHECK (num_nulls(baseline_value, baseline_period, baseline_count) IN (0, 3)),
    CONSTRAINT ck_goal_unsupported_has_reason
        CHECK (attainability <> 'unsupported' OR reason <> ''),
    CONSTRAINT ck_goal_grain CHECK (grain IN ('month', 'quarter')),
    CONSTRAINT ck_goal_comparator CHECK (comparator IN ('lte', 'lt', 'gte', 'gt')),
    CONSTRAINT ck_goal_attainability
        CHECK (attainability IN ('attainable', 'ambitious', 'unsupported')),
    CONSTRAINT fk_goal_plan_id FOREIGN KEY (plan_id) REFERENCES improvement.plan (id)
);
CREATE INDEX ix_goal_plan_id_created_at_id ON improvement.goal (plan_id, created_at, id);
CREATE INDEX ix_goal_service_due_on ON improvement.goal (service, due_on);
"""
DOWN = """
DROP TABLE improvement.goal;
DROP INDEX improvement.ix_signal_of_target;
DROP TABLE improvement.signal_cursor;
DROP TABLE improvement.trigger_version;
ALTER TABLE improvement.plan DROP COLUMN cause_key;
ALTER TABLE improvement.plan DROP COLUMN cause;
ALTER TABLE improvement.plan DROP COLUMN objective;
ALTER TABLE improvement.plan DROP COLUMN opportunity_id;
DROP TABLE improvement.opportunity_occurrence;
DROP TABLE improvement.opportunity_cause;
DROP TABLE improvement.opportunity_link;
DROP TABLE improvement.opportunity;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
