"""Calendars, priority schemes, agreements."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261122_agreements"
down_revision: str | Sequence[str] | None = "20261122_financials"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
"""
DOWN = """
"""


def upgrade() -> None:
    _run(UP)


def downgrade() -> None:
    _run(DOWN)


def _run(script: str) -> None:
    """One statement at a time: some clusters refuse several in one query."""
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)
