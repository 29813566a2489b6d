"""Events of requests as they are made now: the answers to the form stay with the catalog."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261127_answers_out_of_events"
down_revision: str | Sequence[str] | None = "20261126_delivered_at"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Those of earlier releases can still be listed and replayed.
UP = """
UPDATE catalog.outbox_event SET data = data #- '{record,answers}'
    WHERE type LIKE 'request.%' AND data -> 'record' ? 'answers';
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    """The answers are with the requests; no release needs them in events."""
