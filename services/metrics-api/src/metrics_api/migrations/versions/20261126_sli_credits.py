"""Credits of guarantees on SLIs."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_sli_credits"
down_revision: str | Sequence[str] | None = "20261126_issued_quality"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE metrics.service_credit
    ALTER COLUMN kpi DROP NOT NULL,
    ADD COLUMN sli TEXT,
    ADD CONSTRAINT ck_service_credit_promised CHECK ((kpi IS NULL) <> (sli IS NULL));
COMMENT ON COLUMN metrics.service_credit.kpi IS 'null: an SLI is promised';
"""
# The older release computes none of these, so it has no use for what was computed.
DOWN = """
DELETE FROM metrics.service_credit WHERE kpi IS NULL;
ALTER TABLE metrics.service_credit
    DROP CONSTRAINT ck_service_credit_promised,
    DROP COLUMN sli,
    ALTER COLUMN kpi SET NOT NULL;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
