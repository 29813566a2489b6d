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
CREATE TABLE improvement.deployment_rule (
    id UUID NOT NULL,
    repository TEXT NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    allow_warning BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_deployment_rule PRIMARY KEY (id),
    CONSTRAINT ck_deployment_rule_gate CHECK (gate IN (
        'strategy-to-design', 'design-to-transition', 'transition-to-operate',
        'operate-to-improve', 'improve-to-operate', 'to-retirement'
    )),
    CONSTRAINT uq_deployment_rule_repository_environment UNIQUE (repository, environment)
);
CREATE TABLE improvement.deployment_request (
    delivery TEXT NOT NULL,
    repository TEXT NOT NULL,
    environment TEXT NOT NULL,
    ref TEXT,
    sha TEXT,
    creator TEXT NOT NULL,
    installation_id BIGINT NOT NULL,
    callback_url TEXT NOT NULL,
    service TEXT,
    gate VARCHAR(40),
    state VARCHAR(40) NOT NULL,
    answer VARCHAR(40),
    evaluation_id UUID,
    comment TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    status_told TEXT,
    failure TEXT,
    received_at TIMESTAMPTZ NOT NULL,
    answered_at TIMESTAMPTZ,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_deployment_request PRIMARY KEY (delivery),
    CONSTRAINT ck_deployment_request_gate CHECK (gate IN (
        'strategy-to-design', 'design-to-transition', 'transition-to-operate',
        'operate-to-improve', 'improve-to-operate', 'to-retirement'
    )),
    CONSTRAINT ck_deployment_request_state CHECK (
        state IN ('waiting', 'answering', 'answered', 'refused', 'lapsed')
    ),
    CONSTRAINT ck_deployment_request_answer CHECK (answer IN ('approved', 'rejected')),
    CONSTRAINT ck_deployment_request_answered CHECK (
        (state IN ('waiting', 'lapsed')) = (answer IS NULL)
    ),
    CONSTRAINT fk_deployment_request_evaluation_id FOREIGN KEY (evaluation_id)
        REFERENCES improvement.evaluation (id)
);
CREATE INDEX ix_deployment_request_received_at_delivery
    ON improvement.deployment_request (received_at, delivery);
CREATE INDEX ix_deployment_request_waiting
    ON improvement.deployment_request (lower(repository), lower(environment))
    WHERE state = 'waiting';
"""
DOWN = """
DROP TABLE improvement.deployment_request;
DROP TABLE improvement.deployment_rule;
DROP TABLE improvement.badge_token;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
