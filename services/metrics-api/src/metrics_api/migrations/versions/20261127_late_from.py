"""When running clocks have run out, beside when they are due."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text

from shared.kit.migrations import run_script

revision: str = "20261127_late_from"
down_revision: str | Sequence[str] | None = "20261126_delivered_at"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE metrics.incident
    ADD COLUMN response_late_from TIMESTAMPTZ,
    ADD COLUMN resolution_late_from TIMESTAMPTZ;
COMMENT ON COLUMN metrics.incident.response_late_from IS 'when it has run out';
COMMENT ON COLUMN metrics.incident.resolution_late_from IS 'when it has run out';
UPDATE metrics.incident
SET response_late_from = response_due_at, resolution_late_from = resolution_due_at
WHERE response_due_at IS NOT NULL OR resolution_due_at IS NOT NULL;
DROP INDEX metrics.ix_incident_response_due_at;
DROP INDEX metrics.ix_incident_resolution_due_at;
CREATE INDEX ix_incident_response_late_from_response_due_at
    ON metrics.incident (response_late_from, response_due_at)
    WHERE response_late_from IS NOT NULL;
CREATE INDEX ix_incident_resolution_late_from_resolution_due_at
    ON metrics.incident (resolution_late_from, resolution_due_at)
    WHERE resolution_late_from IS NOT NULL;
"""
# Where clocks are due when their calendar closes, only the calendar says when they have run out:
# so the clocks of these services are set anew, once a worker runs.
RECLOCK = """
INSERT INTO metrics_jobs.procrastinate_jobs (queue_name, task_name, priority, args)
SELECT 'metrics_clocks', 'reclock_incidents', 0,
       jsonb_build_object('services', jsonb_build_array(service))
FROM metrics.incident
WHERE service IS NOT NULL AND coalesce(response_late_from, resolution_late_from) IS NOT NULL
GROUP BY service
"""
DOWN = """
DROP INDEX metrics.ix_incident_resolution_late_from_resolution_due_at;
DROP INDEX metrics.ix_incident_response_late_from_response_due_at;
CREATE INDEX ix_incident_response_due_at ON metrics.incident (response_due_at)
    WHERE response_due_at IS NOT NULL;
CREATE INDEX ix_incident_resolution_due_at ON metrics.incident (resolution_due_at)
    WHERE resolution_due_at IS NOT NULL;
ALTER TABLE metrics.incident
    DROP COLUMN resolution_late_from,
    DROP COLUMN response_late_from;
"""


def upgrade() -> None:
    run_script(UP)
    # The table of jobs is made after the first migrations: then there are no incidents either.
    if op.get_bind().scalar(text("SELECT to_regclass('metrics_jobs.procrastinate_jobs')")):
        op.execute(RECLOCK)


def downgrade() -> None:
    run_script(DOWN)
