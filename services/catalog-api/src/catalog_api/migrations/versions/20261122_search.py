"""Search indexes without pending entries: after a bulk load a search would scan them all."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261122_search"
down_revision: str | Sequence[str] | None = "20261122_governance"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = ("ix_service_tags", "ix_service_search", "ix_service_name_trigram")


def upgrade() -> None:
    for index in INDEXES:
        op.execute(f"ALTER INDEX catalog.{index} SET (fastupdate = off)")
        op.execute(f"SELECT gin_clean_pending_list('catalog.{index}')")


def downgrade() -> None:
    for index in INDEXES:
        op.execute(f"ALTER INDEX catalog.{index} RESET (fastupdate)")
