"""Incidents: vendor products, touchpoints, problems, causes, clocks."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_incidents"
down_revision: str | Sequence[str] | None = "20261122_requests"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE metrics.incident
    ADD COLUMN vendor_product TEXT,
    ADD COLUMN touchpoint TEXT,
    ADD COLUMN problem TEXT,
    ADD COLUMN caused_by TEXT,
    ADD COLUMN hold_us BIGINT,
    ADD COLUMN business_us BIGINT,
    ADD COLUMN response_due_at TIMESTAMPTZ,
    ADD COLUMN resolution_due_at TIMESTAMPTZ,
    ADD COLUMN response_met BOOLEAN,
    ADD COLUMN resolution_met BOOLEAN,
    ADD COLUMN clock_basis TEXT;
COMMENT ON COLUMN metrics.incident.vendor_product IS 'that the vendor''s words mean';
COMMENT ON COLUMN metrics.incident.problem IS 'the tool''s id of the problem behind it';
COMMENT ON COLUMN metrics.incident.caused_by IS 'the tool''s id of the causing change';
COMMENT ON COLUMN metrics.incident.hold_us IS 'on hold from opening to resolution';
COMMENT ON COLUMN metrics.incident.business_us IS 'support time, Records rule 9';
COMMENT ON COLUMN metrics.incident.response_due_at IS 'of a running clock';
COMMENT ON COLUMN metrics.incident.resolution_due_at IS 'of a running clock';
COMMENT ON COLUMN metrics.incident.response_met IS 'of a completed clock';
COMMENT ON COLUMN metrics.incident.resolution_met IS 'of a completed clock';
COMMENT ON COLUMN metrics.incident.clock_basis IS 'whose targets the clocks run against';
CREATE INDEX ix_incident_vendor_product_resolution_at
    ON metrics.incident (vendor_product, resolution_at) WHERE vendor_product IS NOT NULL;
CREATE INDEX ix_incident_service_problem
    ON metrics.incident (service, problem) WHERE problem IS NOT NULL;
CREATE INDEX ix_incident_caused_by ON metrics.incident (caused_by) WHERE caused_by IS NOT NULL;
"""
DOWN = """
ALTER TABLE metrics.incident
    DROP COLUMN clock_basis,
    DROP COLUMN resolution_met,
    DROP COLUMN response_met,
    DROP COLUMN resolution_due_at,
    DROP COLUMN response_due_at,
    DROP COLUMN business_us,
    DROP COLUMN hold_us,
    DROP COLUMN caused_by,
    DROP COLUMN problem,
    DROP COLUMN touchpoint,
    DROP COLUMN vendor_product;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
