"""Finding major incidents, and comments by when they came, without reading all records."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_major_incidents"
down_revision: str | Sequence[str] | None = "20261125_superseded"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE INDEX ix_incident_major ON metrics.incident (source_id, external_id)
    INCLUDE (opened_at) WHERE coalesce(major_flag, priority = 1);
CREATE INDEX ix_survey_comment_received ON metrics.survey (last_received_at)
    WHERE comment IS NOT NULL;
"""
DOWN = """
DROP INDEX metrics.ix_survey_comment_received;
DROP INDEX metrics.ix_incident_major;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
