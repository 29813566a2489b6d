"""Events of metrics-api that were received."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_signals"
down_revision: str | Sequence[str] | None = "20261121_initial"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE improvement.signal (
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    sequence BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    service TEXT NOT NULL,
    data JSONB NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_signal PRIMARY KEY (id),
    CONSTRAINT uq_signal_sequence UNIQUE (sequence)
);
CREATE INDEX ix_signal_service_sequence ON improvement.signal (service, sequence);
CREATE INDEX ix_signal_type_sequence ON improvement.signal (type, sequence);
CREATE INDEX ix_signal_received_at ON improvement.signal (received_at);
"""
DOWN = """
DROP TABLE improvement.signal;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
