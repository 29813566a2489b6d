"""Opportunities, triggers, goals, and what plans come from."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_opportunities"
down_revision: str | Sequence[str] | None = "20261125_signals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """"""
DOWN = """"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
