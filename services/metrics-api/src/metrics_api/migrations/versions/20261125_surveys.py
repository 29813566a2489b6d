"""Indexes for the KPIs of records, the satisfaction report and the comments of surveys."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_surveys"
down_revision: str | Sequence[str] | None = "20261125_indicators"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE INDEX ix_survey_service_sent_at ON metrics.survey (service, sent_at);
CREATE INDEX ix_survey_sent_at ON metrics.survey (sent_at);
CREATE INDEX ix_survey_comment ON metrics.survey (answered_at, source_id, external_id)
    WHERE comment IS NOT NULL;
CREATE INDEX ix_request_record_opened_at ON metrics.request_record (opened_at);
"""
DOWN = """
DROP INDEX metrics.ix_request_record_opened_at;
DROP INDEX metrics.ix_survey_comment;
DROP INDEX metrics.ix_survey_sent_at;
DROP INDEX metrics.ix_survey_service_sent_at;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
