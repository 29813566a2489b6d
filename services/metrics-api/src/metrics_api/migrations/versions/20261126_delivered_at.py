"""When a subscriber last took an event: who never did waits in a lane of its own."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_delivered_at"
down_revision: str | Sequence[str] | None = "20261126_factors_before"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
ALTER TABLE metrics.subscription ADD COLUMN delivered_at TIMESTAMPTZ;
UPDATE metrics.subscription AS s SET delivered_at = (
    SELECT max(d.last_attempt_at) FROM metrics.delivery d
    WHERE d.subscription_id = s.id AND d.state = 'delivered');
"""
DOWN = """
ALTER TABLE metrics.subscription DROP COLUMN delivered_at;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
