"""What a cause opened last is no longer kept beside it: nothing ever read it."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_causes"
down_revision: str | Sequence[str] | None = "20261125_embedding"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE improvement.opportunity_cause DROP COLUMN opportunity_id;
"""
DOWN = """
ALTER TABLE improvement.opportunity_cause
    ADD COLUMN opportunity_id UUID,
    ADD CONSTRAINT fk_opportunity_cause_opportunity_id
        FOREIGN KEY (opportunity_id) REFERENCES improvement.opportunity (id);
UPDATE improvement.opportunity_cause AS cause
SET opportunity_id = (
    SELECT id FROM improvement.opportunity
    WHERE cause_key = cause.key ORDER BY created_at DESC LIMIT 1
);
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
