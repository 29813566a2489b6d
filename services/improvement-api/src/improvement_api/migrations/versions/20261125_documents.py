"""Service reviews and deployment protection."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_documents"
down_revision: str | Sequence[str] | None = "20261125_gates"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE improvement.badge_token (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    revoked_at TIMESTAMPTZ,
    revoked_by TEXT,
    CONSTRAINT pk_badge_token PRIMARY KEY (id),
    CONSTRAINT ck_badge_token_gate CHECK (gate IN (
        'strategy-to-design', 'design-to-transition', 'transition-to-operate',
        'operate-to-improve', 'improve-to-operate', 'to-retirement'
    )),
    CONSTRAINT ck_badge_token_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    CONSTRAINT uq_badge_token_token_hash UNIQUE (token_hash)
);
CREATE INDEX ix_badge_token_service_gate_created_at_id
    ON improvement.badge_token (service, gate, created_at, id);
"""
DOWN = """
DROP TABLE improvement.badge_token;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
