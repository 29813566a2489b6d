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
CREATE TABLE improvement.service_review (
    id UUID NOT NULL,
    title TEXT NOT NULL,
    services TEXT[] NOT NULL,
    customer TEXT,
    period TEXT NOT NULL,
    timezone TEXT NOT NULL,
    scheduled_at TIMESTAMPTZ NOT NULL,
    chair TEXT NOT NULL,
    attendees JSONB NOT NULL,
    agenda JSONB NOT NULL,
    state VARCHAR(40) NOT NULL,
    held_at TIMESTAMPTZ,
    pack INTEGER,
    covered TEXT[] NOT NULL,
    next_due_on DATE,
    closed_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_service_review PRIMARY KEY (id),
    CONSTRAINT ck_service_review_state CHECK (state IN ('scheduled', 'held', 'closed')),
    CONSTRAINT ck_service_review_scope CHECK ((customer IS NULL) = (cardinality(services) > 0)),
    CONSTRAINT ck_service_review_held CHECK (
        (state = 'scheduled') = (held_at IS NULL)
        AND (held_at IS NULL) = (pack IS NULL)
        AND (state = 'closed') = (closed_at IS NOT NULL)
    )
);
CREATE INDEX ix_service_review_scheduled_at_id
    ON improvement.service_review (scheduled_at, id);
CREATE INDEX ix_service_review_covered ON improvement.service_review USING gin (covered);
CREATE TABLE improvement.review_pack_order (
    review_id UUID NOT NULL,
    number INTEGER NOT NULL,
    as_of TIMESTAMPTZ NOT NULL,
    state VARCHAR(40) NOT NULL,
    attempts INTEGER NOT NULL,
    failure TEXT,
    ordered_at TIMESTAMPTZ NOT NULL,
    ordered_by TEXT NOT NULL,
    CONSTRAINT pk_review_pack_order PRIMARY KEY (review_id, number),
    CONSTRAINT ck_review_pack_order_state CHECK (state IN ('pending', 'made', 'failed')),
    CONSTRAINT fk_review_pack_order_review_id FOREIGN KEY (review_id)
        REFERENCES improvement.service_review (id)
);
CREATE TABLE improvement.review_pack (
    review_id UUID NOT NULL,
    number INTEGER NOT NULL,
    services TEXT[] NOT NULL,
    cadence_days INTEGER,
    review_dates DATE[] NOT NULL,
    inputs BYTEA NOT NULL,
    inputs_sha256 TEXT NOT NULL,
    figures_sha256 TEXT NOT NULL,
    page BYTEA NOT NULL,
    page_sha256 TEXT NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_review_pack PRIMARY KEY (review_id, number),
    CONSTRAINT fk_review_pack_review_id FOREIGN KEY (review_id, number)
        REFERENCES improvement.review_pack_order (review_id, number)
);
CREATE TABLE improvement.review_minutes (
    review_id UUID NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL,
    written_by TEXT NOT NULL,
    CONSTRAINT pk_review_minutes PRIMARY KEY (review_id, number),
    CONSTRAINT fk_review_minutes_review_id FOREIGN KEY (review_id)
        REFERENCES improvement.service_review (id)
);
CREATE TABLE improvement.review_minutes_approval (
    review_id UUID NOT NULL,
    number INTEGER NOT NULL,
    text_hash TEXT NOT NULL,
    approved_at TIMESTAMPTZ NOT NULL,
    approved_by TEXT NOT NULL,
    CONSTRAINT pk_review_minutes_approval PRIMARY KEY (review_id),
    CONSTRAINT fk_review_minutes_approval_review_id FOREIGN KEY (review_id, number)
        REFERENCES improvement.review_minutes (review_id, number)
);
CREATE TABLE improvement.review_decision (
    id UUID NOT NULL,
    review_id UUID NOT NULL,
    text TEXT NOT NULL,
    decided_by TEXT[] NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_review_decision PRIMARY KEY (id),
    CONSTRAINT fk_review_decision_review_id FOREIGN KEY (review_id)
        REFERENCES improvement.service_review (id)
);
CREATE INDEX ix_review_decision_review_id_recorded_at_id
    ON improvement.review_decision (review_id, recorded_at, id);
CREATE TABLE improvement.review_action (
    id UUID NOT NULL,
    review_id UUID NOT NULL,
    text TEXT NOT NULL,
    owner TEXT,
    due_on DATE,
    state VARCHAR(40) NOT NULL,
    evidence TEXT,
    done_at TIMESTAMPTZ,
    done_by TEXT,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_review_action PRIMARY KEY (id),
    CONSTRAINT ck_review_action_state CHECK (state IN ('open', 'done', 'cancelled')),
    CONSTRAINT ck_review_action_done CHECK ((state = 'done') = (done_at IS NOT NULL)),
    CONSTRAINT fk_review_action_review_id FOREIGN KEY (review_id)
        REFERENCES improvement.service_review (id)
);
CREATE INDEX ix_review_action_review_id_created_at_id
    ON improvement.review_action (review_id, created_at, id);
CREATE INDEX ix_review_action_open
    ON improvement.review_action (due_on, id) WHERE state = 'open';
"""
DOWN = """
DROP TABLE improvement.review_action;
DROP TABLE improvement.review_decision;
DROP TABLE improvement.review_minutes_approval;
DROP TABLE improvement.review_minutes;
DROP TABLE improvement.review_pack;
DROP TABLE improvement.review_pack_order;
DROP TABLE improvement.service_review;
DROP TABLE improvement.deployment_request;
DROP TABLE improvement.deployment_rule;
DROP TABLE improvement.badge_token;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
