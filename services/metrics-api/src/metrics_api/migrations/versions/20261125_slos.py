"""SLIs, SLOs, corrections and alerts."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_slos"
down_revision: str | Sequence[str] | None = "20261125_surveys"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.sli (
    key TEXT NOT NULL,
    service TEXT NOT NULL,
    name TEXT,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    parts TEXT,
    counter BOOLEAN NOT NULL,
    unit TEXT,
    feed JSONB NOT NULL,
    sources JSONB NOT NULL,
    labels JSONB NOT NULL,
    annotations JSONB NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_sli PRIMARY KEY (key),
    CONSTRAINT ck_sli_kind CHECK (kind IN ('ratio', 'threshold')),
    CONSTRAINT ck_sli_parts CHECK (
        parts IN ('good_total', 'bad_total', 'raw_success', 'raw_failure')
    ),
    CONSTRAINT ck_sli_state CHECK (state IN ('active', 'retired'))
);
CREATE INDEX ix_sli_service_key ON metrics.sli (service, key);
CREATE TABLE metrics.sli_version (
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    data JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_sli_version PRIMARY KEY (key, version)
);
CREATE TABLE metrics.sli_facet (
    id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    sli TEXT NOT NULL,
    op TEXT,
    value DOUBLE PRECISION,
    slice_minutes INTEGER,
    slice_target NUMERIC,
    CONSTRAINT pk_sli_facet PRIMARY KEY (id),
    CONSTRAINT fk_sli_facet_sli FOREIGN KEY (sli) REFERENCES metrics.sli (key),
    CONSTRAINT ck_sli_facet_op CHECK (op IN ('lte', 'lt', 'gte', 'gt')),
    CONSTRAINT ck_sli_facet_threshold CHECK ((op IS NULL) = (value IS NULL))
);
CREATE UNIQUE INDEX uq_sli_facet
    ON metrics.sli_facet (sli, op, value, slice_minutes, slice_target) NULLS NOT DISTINCT;
CREATE TABLE metrics.slo (
    key TEXT NOT NULL,
    service TEXT NOT NULL,
    name TEXT,
    description TEXT NOT NULL,
    sli TEXT,
    budgeting_method TEXT NOT NULL,
    time_window JSONB NOT NULL,
    objectives JSONB NOT NULL,
    minimum_events BIGINT NOT NULL,
    at_risk_below NUMERIC NOT NULL,
    labels JSONB NOT NULL,
    annotations JSONB NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_slo PRIMARY KEY (key),
    CONSTRAINT fk_slo_sli FOREIGN KEY (sli) REFERENCES metrics.sli (key),
    CONSTRAINT ck_slo_budgeting_method CHECK (
        budgeting_method IN ('occurrences', 'timeslices', 'ratio_timeslices')
    ),
    CONSTRAINT ck_slo_state CHECK (state IN ('active', 'retired'))
);
CREATE INDEX ix_slo_service_key ON metrics.slo (service, key);
COMMENT ON COLUMN metrics.slo.sli IS 'null: a composite, its objectives have SLIs';
COMMENT ON COLUMN metrics.slo.objectives IS 'as on the wire';
CREATE TABLE metrics.slo_version (
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    data JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_slo_version PRIMARY KEY (key, version)
);
CREATE TABLE metrics.slo_objective (
    slo TEXT NOT NULL,
    number INTEGER NOT NULL,
    sli TEXT NOT NULL,
    facet BIGINT NOT NULL,
    CONSTRAINT pk_slo_objective PRIMARY KEY (slo, number),
    CONSTRAINT fk_slo_objective_slo FOREIGN KEY (slo) REFERENCES metrics.slo (key),
    CONSTRAINT fk_slo_objective_sli FOREIGN KEY (sli) REFERENCES metrics.sli (key),
    CONSTRAINT fk_slo_objective_facet FOREIGN KEY (facet) REFERENCES metrics.sli_facet (id)
);
CREATE INDEX ix_slo_objective_sli ON metrics.slo_objective (sli);
CREATE TABLE metrics.correction (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    slo TEXT,
    category TEXT NOT NULL,
    reason TEXT NOT NULL,
    start TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    rrule TEXT,
    timezone TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    approver TEXT,
    decided_at TIMESTAMPTZ,
    decision_note TEXT,
    revoked_by TEXT,
    revoked_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_correction PRIMARY KEY (id),
    CONSTRAINT fk_correction_slo FOREIGN KEY (slo) REFERENCES metrics.slo (key),
    CONSTRAINT ck_correction_category CHECK (
        category IN ('scheduled_maintenance', 'outside_business_hours', 'deployment', 'other')
    ),
    CONSTRAINT ck_correction_state CHECK (
        state IN ('requested', 'approved', 'rejected', 'revoked')
    ),
    CONSTRAINT ck_correction_duration_minutes CHECK (duration_minutes > 0),
    CONSTRAINT ck_correction_two_persons CHECK (approver <> requested_by)
);
CREATE INDEX ix_correction_service_state ON metrics.correction (service, state);
COMMENT ON COLUMN metrics.correction.slo IS 'null: all SLOs of the service';
COMMENT ON COLUMN metrics.correction.start IS 'of the first occurrence, a whole minute';
COMMENT ON COLUMN metrics.correction.rrule IS 'RFC 5545, by the wall clock of the zone';
COMMENT ON COLUMN metrics.correction.approver IS 'who approved or rejected it';
CREATE TABLE metrics.correction_version (
    correction_id UUID NOT NULL,
    version INTEGER NOT NULL,
    data JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_correction_version PRIMARY KEY (correction_id, version)
);
CREATE TABLE metrics.slo_alert_policy (
    id UUID NOT NULL,
    slo TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT,
    description TEXT NOT NULL,
    severity TEXT NOT NULL,
    op TEXT NOT NULL,
    factor NUMERIC NOT NULL,
    long_window TEXT NOT NULL,
    short_window TEXT,
    alert_after TEXT NOT NULL,
    alert_when_breaching BOOLEAN NOT NULL,
    alert_when_resolved BOOLEAN NOT NULL,
    alert_when_no_data BOOLEAN NOT NULL,
    notification_targets JSONB NOT NULL,
    labels JSONB NOT NULL,
    annotations JSONB NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_slo_alert_policy PRIMARY KEY (id),
    CONSTRAINT fk_slo_alert_policy_slo FOREIGN KEY (slo) REFERENCES metrics.slo (key),
    CONSTRAINT ck_slo_alert_policy_state CHECK (state IN ('active', 'retired')),
    CONSTRAINT ck_slo_alert_policy_op CHECK (op IN ('gt', 'gte'))
);
CREATE UNIQUE INDEX uq_slo_alert_policy_slo_key ON metrics.slo_alert_policy (slo, key);
COMMENT ON COLUMN metrics.slo_alert_policy.factor IS 'burn rate that is compared with';
COMMENT ON COLUMN metrics.slo_alert_policy.long_window IS 'OpenSLO''s lookbackWindow';
CREATE TABLE metrics.slo_alert_policy_version (
    policy_id UUID NOT NULL,
    version INTEGER NOT NULL,
    data JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_slo_alert_policy_version PRIMARY KEY (policy_id, version)
);
CREATE TABLE metrics.slo_alert (
    id UUID NOT NULL,
    policy UUID NOT NULL,
    slo TEXT NOT NULL,
    service TEXT NOT NULL,
    objective INTEGER NOT NULL,
    severity TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    fired_at TIMESTAMPTZ,
    resolved_at TIMESTAMPTZ,
    factor NUMERIC NOT NULL,
    long_burn DOUBLE PRECISION,
    short_burn DOUBLE PRECISION,
    CONSTRAINT pk_slo_alert PRIMARY KEY (id),
    CONSTRAINT fk_slo_alert_policy FOREIGN KEY (policy) REFERENCES metrics.slo_alert_policy (id),
    CONSTRAINT ck_slo_alert_state CHECK (state IN ('pending', 'firing', 'resolved')),
    CONSTRAINT ck_slo_alert_cause CHECK (cause IN ('burn_rate', 'no_data'))
);
CREATE UNIQUE INDEX uq_slo_alert_standing ON metrics.slo_alert (policy, objective)
    WHERE state <> 'resolved';
CREATE INDEX ix_slo_alert_slo_since ON metrics.slo_alert (slo, since);
CREATE INDEX ix_slo_alert_since_id ON metrics.slo_alert (since, id);
CREATE INDEX ix_slo_alert_firing ON metrics.slo_alert (service) WHERE state = 'firing';
COMMENT ON COLUMN metrics.slo_alert.since IS 'when the condition was first found to hold';
COMMENT ON COLUMN metrics.slo_alert.long_burn IS 'when last looked at';
CREATE TABLE metrics.slo_budget (
    slo TEXT NOT NULL,
    objective INTEGER NOT NULL,
    exhausted BOOLEAN NOT NULL,
    window_start TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_slo_budget PRIMARY KEY (slo, objective)
);
COMMENT ON COLUMN metrics.slo_budget.window_start IS 'of a calendar window; else when spent';
"""
DOWN = """
DROP TABLE metrics.slo_budget;
DROP TABLE metrics.slo_alert;
DROP TABLE metrics.slo_alert_policy_version;
DROP TABLE metrics.slo_alert_policy;
DROP TABLE metrics.correction_version;
DROP TABLE metrics.correction;
DROP TABLE metrics.slo_objective;
DROP TABLE metrics.slo_version;
DROP TABLE metrics.slo;
DROP TABLE metrics.sli_facet;
DROP TABLE metrics.sli_version;
DROP TABLE metrics.sli;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
