"""Clocks, breaches and credits."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_clocks"
down_revision: str | Sequence[str] | None = "20261125_inbox"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE INDEX ix_incident_response_due_at ON metrics.incident (response_due_at)
    WHERE response_due_at IS NOT NULL;
CREATE INDEX ix_incident_resolution_due_at ON metrics.incident (resolution_due_at)
    WHERE resolution_due_at IS NOT NULL;
CREATE TABLE metrics.breach (
    source_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    clock TEXT NOT NULL,
    service TEXT NOT NULL,
    priority SMALLINT NOT NULL,
    basis TEXT NOT NULL,
    target_minutes INTEGER NOT NULL,
    calendar TEXT NOT NULL,
    breached_at TIMESTAMPTZ NOT NULL,
    detected_at TIMESTAMPTZ NOT NULL,
    telling TEXT NOT NULL,
    told_at TIMESTAMPTZ,
    retracted_at TIMESTAMPTZ,
    CONSTRAINT pk_breach PRIMARY KEY (source_id, external_id, clock),
    CONSTRAINT ck_breach_clock CHECK (clock IN ('response', 'resolution')),
    CONSTRAINT ck_breach_telling CHECK (telling IN ('due', 'told', 'left_out'))
);
COMMENT ON COLUMN metrics.breach.basis IS 'agreement:KEY@VERSION or scheme:KEY@VERSION';
COMMENT ON COLUMN metrics.breach.calendar IS 'key@version';
COMMENT ON COLUMN metrics.breach.telling IS 'left_out: too old when it was detected';
COMMENT ON COLUMN metrics.breach.retracted_at IS
    'since when it is none any more, by late data or a changed promise';
CREATE INDEX ix_breach_service_breached_at ON metrics.breach (service, breached_at);
CREATE INDEX ix_breach_breached_at ON metrics.breach (breached_at);
CREATE INDEX ix_breach_untold ON metrics.breach (service, breached_at)
    WHERE telling = 'due' AND retracted_at IS NULL;
CREATE TABLE metrics.breach_prediction (
    source_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    clock TEXT NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    predicted_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_breach_prediction PRIMARY KEY (source_id, external_id, clock),
    CONSTRAINT ck_breach_prediction_clock CHECK (clock IN ('response', 'resolution'))
);
CREATE TABLE metrics.service_credit (
    id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    agreement TEXT NOT NULL,
    version INTEGER NOT NULL,
    target TEXT NOT NULL,
    service TEXT NOT NULL,
    period TEXT NOT NULL,
    period_start TIMESTAMPTZ NOT NULL,
    period_end TIMESTAMPTZ NOT NULL,
    kpi TEXT NOT NULL,
    priority SMALLINT,
    comparator TEXT NOT NULL,
    target_value FLOAT NOT NULL,
    value FLOAT,
    count BIGINT NOT NULL,
    missed BOOLEAN,
    worse_than FLOAT,
    credit NUMERIC(18, 2) NOT NULL,
    basis TEXT NOT NULL,
    currency TEXT,
    reason TEXT,
    recorded_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    CONSTRAINT pk_service_credit PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_service_credit_current
    ON metrics.service_credit (agreement, version, target, service, period)
    WHERE ended_at IS NULL;
CREATE INDEX ix_service_credit_service_period_end
    ON metrics.service_credit (service, period_end);
COMMENT ON COLUMN metrics.service_credit.target IS 'its id in the agreement';
COMMENT ON COLUMN metrics.service_credit.missed IS 'null: there was no figure';
COMMENT ON COLUMN metrics.service_credit.worse_than IS
    'of the tier that decided; null: nothing is due';
COMMENT ON COLUMN metrics.service_credit.basis IS 'percent of the charge, or amount';
COMMENT ON COLUMN metrics.service_credit.reason IS 'why there was no figure';
"""
DOWN = """
DROP TABLE metrics.service_credit;
DROP TABLE metrics.breach_prediction;
DROP TABLE metrics.breach;
DROP INDEX metrics.ix_incident_resolution_due_at;
DROP INDEX metrics.ix_incident_response_due_at;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
