"""Proposals, judgements of targets and trends."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_trends"
down_revision: str | Sequence[str] | None = "20261125_tiers"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE metrics.target DROP CONSTRAINT ck_target_kpi;
ALTER TABLE metrics.target
    ADD CONSTRAINT ck_target_kpi CHECK (kpi IN ('mttr', 'mttr_business', 'mtta', 'fcr',
        'reopen_rate', 'backlog', 'incident_count', 'sla_attainment', 'bouncing_rate', 'hold_share',
        'rework_rate', 'availability', 'mtbf', 'unplanned_outages', 'csat', 'nps',
        'change_failure_rate', 'fulfilment_time', 'low_value_share', 'permanent_fix_rate')),
    ADD COLUMN period TEXT DEFAULT 'month' NOT NULL,
    ADD COLUMN timezone TEXT DEFAULT 'UTC' NOT NULL,
    ADD COLUMN owner TEXT,
    ADD CONSTRAINT ck_target_period
        CHECK (period IN ('day', 'week', 'month', 'quarter', 'year'));
CREATE INDEX ix_target_kpi_period_timezone_id ON metrics.target (kpi, period, timezone, id);
ALTER TABLE metrics.target_version
    ADD COLUMN period TEXT DEFAULT 'month' NOT NULL,
    ADD COLUMN timezone TEXT DEFAULT 'UTC' NOT NULL,
    ADD COLUMN owner TEXT;
CREATE TABLE metrics.judgement (
    target_id UUID NOT NULL,
    period TEXT NOT NULL,
    version INTEGER NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    verdict TEXT NOT NULL,
    value DOUBLE PRECISION,
    count BIGINT NOT NULL,
    reason TEXT,
    comparator TEXT NOT NULL,
    target_value NUMERIC NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_judgement PRIMARY KEY (target_id, period),
    CONSTRAINT ck_judgement_verdict CHECK (verdict IN ('met', 'missed', 'unknown'))
);
COMMENT ON COLUMN metrics.judgement.count IS 'records that the figure is of';
COMMENT ON COLUMN metrics.judgement.reason IS 'why the verdict is unknown';
CREATE INDEX ix_judgement_first_day_target_id ON metrics.judgement (first_day, target_id);
CREATE INDEX ix_judgement_service_first_day ON metrics.judgement (service, first_day);
CREATE UNIQUE INDEX ix_judgement_target_id_first_day ON metrics.judgement (target_id, first_day);
CREATE TABLE metrics.judgement_version (
    target_id UUID NOT NULL,
    period TEXT NOT NULL,
    version INTEGER NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    verdict TEXT NOT NULL,
    value DOUBLE PRECISION,
    count BIGINT NOT NULL,
    reason TEXT,
    comparator TEXT NOT NULL,
    target_value NUMERIC NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_judgement_version PRIMARY KEY (target_id, period, version)
);
CREATE TABLE metrics.target_proposal (
    id UUID NOT NULL,
    target_id UUID NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    comparator TEXT NOT NULL,
    old_value NUMERIC NOT NULL,
    value NUMERIC NOT NULL,
    mean DOUBLE PRECISION NOT NULL,
    periods JSONB NOT NULL,
    last_first_day DATE NOT NULL,
    state TEXT NOT NULL,
    state_since TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    decided_by TEXT,
    reason TEXT,
    new_target_id UUID,
    starts_on DATE,
    revision INTEGER NOT NULL,
    CONSTRAINT pk_target_proposal PRIMARY KEY (id),
    CONSTRAINT ck_target_proposal_state
        CHECK (state IN ('proposed', 'accepted', 'declined', 'lapsed'))
);
COMMENT ON COLUMN metrics.target_proposal.periods IS 'period, value, count';
CREATE UNIQUE INDEX uq_target_proposal_open ON metrics.target_proposal (target_id)
    WHERE state = 'proposed';
CREATE INDEX ix_target_proposal_target_id_last_first_day
    ON metrics.target_proposal (target_id, last_first_day);
CREATE INDEX ix_target_proposal_service_created_at
    ON metrics.target_proposal (service, created_at);
CREATE INDEX ix_target_proposal_created_at_id ON metrics.target_proposal (created_at, id);
CREATE TABLE metrics.trend (
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    version INTEGER NOT NULL,
    grain TEXT NOT NULL,
    first_period TEXT NOT NULL,
    last_period TEXT NOT NULL,
    n INTEGER NOT NULL,
    method TEXT,
    direction TEXT,
    p_value DOUBLE PRECISION,
    slope_per_month DOUBLE PRECISION,
    slope_low DOUBLE PRECISION,
    slope_high DOUBLE PRECISION,
    level DOUBLE PRECISION,
    crossing TEXT NOT NULL,
    crosses_on DATE,
    crosses_earliest DATE,
    crosses_latest DATE,
    target_id UUID,
    comparator TEXT,
    target_value NUMERIC,
    series JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_trend PRIMARY KEY (service, kpi),
    CONSTRAINT ck_trend_direction CHECK (direction IN ('improving', 'degrading', 'none')),
    CONSTRAINT ck_trend_crossing CHECK (crossing IN ('breach', 'recovery', 'never', 'already',
        'no_target', 'unknown'))
);
COMMENT ON COLUMN metrics.trend.series IS 'period, value, count';
CREATE INDEX ix_trend_direction ON metrics.trend (direction);
CREATE INDEX ix_trend_crosses_on ON metrics.trend (crosses_on);
CREATE TABLE metrics.trend_version (
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    version INTEGER NOT NULL,
    grain TEXT NOT NULL,
    first_period TEXT NOT NULL,
    last_period TEXT NOT NULL,
    n INTEGER NOT NULL,
    method TEXT,
    direction TEXT,
    p_value DOUBLE PRECISION,
    slope_per_month DOUBLE PRECISION,
    slope_low DOUBLE PRECISION,
    slope_high DOUBLE PRECISION,
    level DOUBLE PRECISION,
    crossing TEXT NOT NULL,
    crosses_on DATE,
    crosses_earliest DATE,
    crosses_latest DATE,
    target_id UUID,
    comparator TEXT,
    target_value NUMERIC,
    series JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_trend_version PRIMARY KEY (service, kpi, version)
);
COMMENT ON COLUMN metrics.trend_version.series IS 'period, value, count';
CREATE TABLE metrics.raised_risk (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    likelihood INTEGER NOT NULL,
    impact INTEGER NOT NULL,
    review_date DATE NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    risk_id UUID,
    raised_at TIMESTAMPTZ,
    problem TEXT,
    CONSTRAINT pk_raised_risk PRIMARY KEY (id),
    CONSTRAINT ck_raised_risk_state
        CHECK (state IN ('pending', 'raised', 'withdrawn', 'refused'))
);
COMMENT ON COLUMN metrics.raised_risk.risk_id IS 'in the catalog';
COMMENT ON COLUMN metrics.raised_risk.problem IS 'why the last attempt failed';
CREATE UNIQUE INDEX uq_raised_risk_lasting ON metrics.raised_risk (service, kpi)
    WHERE ended_at IS NULL;
"""
DOWN = """
DROP TABLE metrics.raised_risk;
DROP TABLE metrics.trend_version;
DROP TABLE metrics.trend;
DROP TABLE metrics.target_proposal;
DROP TABLE metrics.judgement_version;
DROP TABLE metrics.judgement;
ALTER TABLE metrics.target_version
    DROP COLUMN owner,
    DROP COLUMN timezone,
    DROP COLUMN period;
DROP INDEX metrics.ix_target_kpi_period_timezone_id;
ALTER TABLE metrics.target
    DROP CONSTRAINT ck_target_period,
    DROP COLUMN owner,
    DROP COLUMN timezone,
    DROP COLUMN period,
    DROP CONSTRAINT ck_target_kpi,
    ADD CONSTRAINT ck_target_kpi CHECK (
        kpi IN ('mttr', 'mtta', 'fcr', 'reopen_rate', 'backlog', 'incident_count'));
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
