"""Reports on quality and cost can be issued."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_issued_quality"
down_revision: str | Sequence[str] | None = "20261126_refused_deliveries"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE metrics.issued_report
    DROP CONSTRAINT ck_issued_report_kind,
    ADD CONSTRAINT ck_issued_report_kind CHECK (kind IN ('performance', 'quality_and_cost'));
"""
# Issued for ever: the older release keeps what it does not know, and lets nobody add to it.
DOWN = """
ALTER TABLE metrics.issued_report
    DROP CONSTRAINT ck_issued_report_kind,
    ADD CONSTRAINT ck_issued_report_kind CHECK (kind IN ('performance')) NOT VALID;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
