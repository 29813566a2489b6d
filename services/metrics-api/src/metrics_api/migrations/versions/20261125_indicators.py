"""Sums and sketches of the KPIs."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_indicators"
down_revision: str | Sequence[str] | None = "20261125_clocks"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Deltas of what is known already fill the new sums, and mark each day whose durations no sketch
# holds yet.
UP = """
ALTER TABLE metrics.cell
    ADD COLUMN business_us NUMERIC NOT NULL DEFAULT 0,
    ADD COLUMN no_business_time BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN sla_met BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN sla_breached BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN bounced BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN hold_us NUMERIC NOT NULL DEFAULT 0,
    ADD COLUMN no_hold_time BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN no_hold_time_us NUMERIC NOT NULL DEFAULT 0,
    ADD COLUMN reworked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE metrics.cell
    ALTER COLUMN business_us DROP DEFAULT,
    ALTER COLUMN no_business_time DROP DEFAULT,
    ALTER COLUMN sla_met DROP DEFAULT,
    ALTER COLUMN sla_breached DROP DEFAULT,
    ALTER COLUMN bounced DROP DEFAULT,
    ALTER COLUMN hold_us DROP DEFAULT,
    ALTER COLUMN no_hold_time DROP DEFAULT,
    ALTER COLUMN no_hold_time_us DROP DEFAULT,
    ALTER COLUMN reworked DROP DEFAULT;
DROP INDEX metrics.ix_incident_service_resolution_at;
CREATE INDEX ix_incident_service_resolution_at ON metrics.incident (service, resolution_at)
    INCLUDE (opened_at) WHERE resolution_at IS NOT NULL;
DROP INDEX metrics.ix_incident_service_acknowledgement_at;
CREATE INDEX ix_incident_service_acknowledgement_at
    ON metrics.incident (service, acknowledgement_at)
    INCLUDE (opened_at) WHERE acknowledgement_at IS NOT NULL;
CREATE INDEX ix_cell_grain_start ON metrics.cell (grain, start);
ALTER TABLE metrics.cell_delta
    ADD COLUMN business_us NUMERIC,
    ADD COLUMN no_business_time BIGINT,
    ADD COLUMN sla_met BIGINT,
    ADD COLUMN sla_breached BIGINT,
    ADD COLUMN bounced BIGINT,
    ADD COLUMN hold_us NUMERIC,
    ADD COLUMN no_hold_time BIGINT,
    ADD COLUMN no_hold_time_us NUMERIC,
    ADD COLUMN reworked BIGINT;
CREATE TABLE metrics.sketch_pending (
    service TEXT NOT NULL,
    day DATE NOT NULL,
    touched_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_sketch_pending PRIMARY KEY (service, day)
);
CREATE TABLE metrics.duration_sketch (
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    grain TEXT NOT NULL,
    start DATE NOT NULL,
    buckets SMALLINT[] NOT NULL,
    counts INTEGER[] NOT NULL,
    CONSTRAINT pk_duration_sketch PRIMARY KEY (service, kind, grain, start),
    CONSTRAINT ck_duration_sketch_grain CHECK (grain IN ('d', 'm')),
    CONSTRAINT ck_duration_sketch_kind CHECK (kind IN ('resolution', 'acknowledgement', 'business'))
);
CREATE INDEX ix_duration_sketch_kind_grain_start ON metrics.duration_sketch (kind, grain, start);
COMMENT ON COLUMN metrics.duration_sketch.buckets IS 'ascending';
COMMENT ON COLUMN metrics.duration_sketch.counts IS 'of the buckets, side by side';
INSERT INTO metrics.cell_delta (service, day, resolved_us, business_us, no_business_time, sla_met,
    sla_breached, bounced, hold_us, no_hold_time, no_hold_time_us, reworked)
SELECT coalesce(service, ''), (resolution_at AT TIME ZONE 'UTC')::date, 0,
    sum(business_us), count(*) FILTER (WHERE business_us IS NULL),
    count(*) FILTER (WHERE resolution_met), count(*) FILTER (WHERE NOT resolution_met),
    count(*) FILTER (WHERE reassignment_count >= 2), sum(hold_us),
    count(*) FILTER (WHERE hold_us IS NULL),
    sum((extract(epoch FROM resolution_at - opened_at) * 1000000)::numeric)
        FILTER (WHERE hold_us IS NULL),
    count(*) FILTER (WHERE reopened OR EXISTS (
        SELECT FROM metrics.incident_transition b
        WHERE b.source_id = i.source_id AND b.external_id = i.external_id
          AND b.to_state = 'new' AND b.from_state IN ('in_progress', 'on_hold')))
FROM metrics.incident i WHERE resolution_at >= opened_at GROUP BY 1, 2;
INSERT INTO metrics.cell_delta (service, day, acknowledged_us)
SELECT DISTINCT coalesce(service, ''), (acknowledgement_at AT TIME ZONE 'UTC')::date, 0
FROM metrics.incident WHERE acknowledgement_at >= opened_at;
"""
DOWN = """
DROP TABLE metrics.duration_sketch;
DROP TABLE metrics.sketch_pending;
ALTER TABLE metrics.cell_delta
    DROP COLUMN business_us,
    DROP COLUMN no_business_time,
    DROP COLUMN sla_met,
    DROP COLUMN sla_breached,
    DROP COLUMN bounced,
    DROP COLUMN hold_us,
    DROP COLUMN no_hold_time,
    DROP COLUMN no_hold_time_us,
    DROP COLUMN reworked;
DROP INDEX metrics.ix_incident_service_resolution_at;
CREATE INDEX ix_incident_service_resolution_at ON metrics.incident (service, resolution_at)
    WHERE resolution_at IS NOT NULL;
DROP INDEX metrics.ix_incident_service_acknowledgement_at;
CREATE INDEX ix_incident_service_acknowledgement_at
    ON metrics.incident (service, acknowledgement_at) WHERE acknowledgement_at IS NOT NULL;
DROP INDEX metrics.ix_cell_grain_start;
ALTER TABLE metrics.cell
    DROP COLUMN business_us,
    DROP COLUMN no_business_time,
    DROP COLUMN sla_met,
    DROP COLUMN sla_breached,
    DROP COLUMN bounced,
    DROP COLUMN hold_us,
    DROP COLUMN no_hold_time,
    DROP COLUMN no_hold_time_us,
    DROP COLUMN reworked;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
