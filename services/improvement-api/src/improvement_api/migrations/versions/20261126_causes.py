"""Causes are no longer kept beside their occurrences, which say all that there is of them."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_causes"
down_revision: str | Sequence[str] | None = "20261125_embedding"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE improvement.opportunity_occurrence DROP CONSTRAINT fk_opportunity_occurrence_cause_key;
DROP TABLE improvement.opportunity_cause;
"""
DOWN = """
CREATE TABLE improvement.opportunity_cause (
    key TEXT NOT NULL,
    opportunity_id UUID,
    CONSTRAINT pk_opportunity_cause PRIMARY KEY (key),
    CONSTRAINT fk_opportunity_cause_opportunity_id
        FOREIGN KEY (opportunity_id) REFERENCES improvement.opportunity (id)
);
INSERT INTO improvement.opportunity_cause (key, opportunity_id)
SELECT DISTINCT ON (cause_key) cause_key, opportunity_id
FROM improvement.opportunity_occurrence
ORDER BY cause_key, recorded_at DESC;
ALTER TABLE improvement.opportunity_occurrence
    ADD CONSTRAINT fk_opportunity_occurrence_cause_key
        FOREIGN KEY (cause_key) REFERENCES improvement.opportunity_cause (key);
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
