"""Gates, evaluations, signatures, decisions, plans; audit and events beside them."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261121_initial"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GATES = """
            'strategy-to-design', 'design-to-transition', 'transition-to-operate',
            'operate-to-improve', 'improve-to-operate', 'to-retirement'
        """
STAGES = "'strategy', 'design', 'transition', 'operate', 'improve', 'retirement'"

KIT_TABLES = """
CREATE TABLE improvement.audit_entry (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMPTZ NOT NULL DEFAULT now(),
    actor TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    on_behalf_of TEXT,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    before JSONB,
    after JSONB,
    request_id TEXT,
    CONSTRAINT pk_audit_entry PRIMARY KEY (id)
);
CREATE INDEX ix_audit_entry_resource_key_id ON improvement.audit_entry (resource, key, id);
CREATE TABLE improvement.idempotency_key (
    client TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status INTEGER NOT NULL,
    headers JSONB NOT NULL,
    body BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency_key PRIMARY KEY (client, path, key)
);
CREATE INDEX ix_idempotency_key_created_at ON improvement.idempotency_key (created_at);
CREATE TABLE improvement.outbox_event (
    id UUID NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    sequence BIGINT,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    data JSONB NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_outbox_event PRIMARY KEY (id),
    CONSTRAINT uq_outbox_event_sequence UNIQUE (sequence)
);
CREATE INDEX ix_outbox_event_unsequenced ON improvement.outbox_event (position)
    WHERE sequence IS NULL;
CREATE TABLE improvement.subscription (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    types TEXT[] NOT NULL,
    secret TEXT NOT NULL,
    state TEXT NOT NULL,
    disabled_reason TEXT,
    built_in BOOLEAN NOT NULL,
    cursor BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since TIMESTAMPTZ,
    retry_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_subscription PRIMARY KEY (id),
    CONSTRAINT ck_subscription_state CHECK (state IN ('active', 'disabled')),
    CONSTRAINT uq_subscription_name UNIQUE (name)
);
CREATE TABLE improvement.delivery (
    id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    event_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    status INTEGER,
    error TEXT,
    first_attempt_at TIMESTAMPTZ NOT NULL,
    last_attempt_at TIMESTAMPTZ NOT NULL,
    next_attempt_at TIMESTAMPTZ,
    CONSTRAINT pk_delivery PRIMARY KEY (id),
    CONSTRAINT ck_delivery_state CHECK (state IN ('delivered', 'failing')),
    CONSTRAINT fk_delivery_subscription_id FOREIGN KEY (subscription_id)
        REFERENCES improvement.subscription (id) ON DELETE CASCADE,
    CONSTRAINT fk_delivery_event_id FOREIGN KEY (event_id)
        REFERENCES improvement.outbox_event (id) ON DELETE CASCADE
);
CREATE INDEX ix_delivery_event_id ON improvement.delivery (event_id);
CREATE INDEX ix_delivery_sequence_id ON improvement.delivery (sequence, id);
CREATE UNIQUE INDEX uq_delivery_subscription_id_event_id
    ON improvement.delivery (subscription_id, event_id)
"""

TABLES = f"""
CREATE TABLE improvement.fact_definition (
    name TEXT NOT NULL,
    type VARCHAR(40) NOT NULL,
    unit TEXT,
    owner VARCHAR(40) NOT NULL,
    meaning TEXT NOT NULL,
    heard_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_fact_definition PRIMARY KEY (name),
    CONSTRAINT ck_fact_definition_type
        CHECK (type IN ('number', 'integer', 'boolean', 'string', 'list')),
    CONSTRAINT ck_fact_definition_owner CHECK (owner IN ('catalog', 'metrics', 'improvement'))
);
CREATE TABLE improvement.gate_version (
    gate VARCHAR(40) NOT NULL,
    version INTEGER NOT NULL,
    criteria JSONB NOT NULL,
    facts JSONB NOT NULL,
    max_age_hours INTEGER NOT NULL,
    pass_threshold NUMERIC(5, 4) NOT NULL,
    warning_threshold NUMERIC(5, 4) NOT NULL,
    decided_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    published_at TIMESTAMPTZ NOT NULL,
    published_by TEXT NOT NULL,
    CONSTRAINT pk_gate_version PRIMARY KEY (gate, version),
    CONSTRAINT ck_gate_version_version CHECK (version >= 1),
    CONSTRAINT ck_gate_version_criteria CHECK (jsonb_array_length(criteria) >= 1),
    CONSTRAINT ck_gate_version_thresholds
        CHECK (0 <= warning_threshold AND warning_threshold <= pass_threshold
            AND pass_threshold <= 1),
    CONSTRAINT ck_gate_version_gate CHECK (gate IN ({GATES}))
);
CREATE TABLE improvement.evidence (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    criterion TEXT NOT NULL,
    title TEXT NOT NULL,
    url TEXT NOT NULL,
    attached_at TIMESTAMPTZ NOT NULL,
    attached_by TEXT NOT NULL,
    on_behalf_of TEXT,
    CONSTRAINT pk_evidence PRIMARY KEY (id),
    CONSTRAINT ck_evidence_gate CHECK (gate IN ({GATES}))
);
CREATE INDEX ix_evidence_newest
    ON improvement.evidence (service, gate, criterion, attached_at, id);
CREATE INDEX ix_evidence_service_gate_attached_at_id
    ON improvement.evidence (service, gate, attached_at, id);
CREATE TABLE improvement.evaluation (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    gate_version INTEGER NOT NULL,
    stage VARCHAR(40),
    results JSONB NOT NULL,
    facts_hash TEXT NOT NULL,
    evaluated_at TIMESTAMPTZ NOT NULL,
    evaluated_by TEXT NOT NULL,
    on_behalf_of TEXT,
    CONSTRAINT pk_evaluation PRIMARY KEY (id),
    CONSTRAINT fk_evaluation_gate_gate_version
        FOREIGN KEY (gate, gate_version) REFERENCES improvement.gate_version (gate, version),
    CONSTRAINT ck_evaluation_gate CHECK (gate IN ({GATES})),
    CONSTRAINT ck_evaluation_stage CHECK (stage IN ({STAGES}))
);
CREATE INDEX ix_evaluation_service_gate_evaluated_at_id
    ON improvement.evaluation (service, gate, evaluated_at, id);
CREATE TABLE improvement.gate_standing (
    service TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    evaluation_id UUID NOT NULL,
    CONSTRAINT pk_gate_standing PRIMARY KEY (service, gate),
    CONSTRAINT ck_gate_standing_gate CHECK (gate IN ({GATES})),
    CONSTRAINT fk_gate_standing_evaluation_id
        FOREIGN KEY (evaluation_id) REFERENCES improvement.evaluation (id)
);
CREATE TABLE improvement.signature (
    id UUID NOT NULL,
    evaluation_id UUID NOT NULL,
    criterion TEXT NOT NULL,
    role TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    signed_at TIMESTAMPTZ NOT NULL,
    facts_hash TEXT NOT NULL,
    CONSTRAINT pk_signature PRIMARY KEY (id),
    CONSTRAINT uq_signature_evaluation_id_signed_by UNIQUE (evaluation_id, signed_by),
    CONSTRAINT fk_signature_evaluation_id
        FOREIGN KEY (evaluation_id) REFERENCES improvement.evaluation (id)
);
CREATE TABLE improvement.decision (
    id UUID NOT NULL,
    service TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    gate_version INTEGER NOT NULL,
    from_stage VARCHAR(40) NOT NULL,
    to_stage VARCHAR(40) NOT NULL,
    evaluation_id UUID NOT NULL,
    frozen JSON NOT NULL,
    comment TEXT NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    decided_by TEXT NOT NULL,
    statement TEXT NOT NULL,
    CONSTRAINT pk_decision PRIMARY KEY (id),
    CONSTRAINT ck_decision_gate CHECK (gate IN ({GATES})),
    CONSTRAINT ck_decision_from_stage CHECK (from_stage IN ({STAGES})),
    CONSTRAINT ck_decision_to_stage CHECK (to_stage IN ({STAGES})),
    CONSTRAINT uq_decision_evaluation_id UNIQUE (evaluation_id),
    CONSTRAINT fk_decision_evaluation_id
        FOREIGN KEY (evaluation_id) REFERENCES improvement.evaluation (id)
);
CREATE INDEX ix_decision_decided_at_id ON improvement.decision (decided_at, id);
CREATE INDEX ix_decision_service_decided_at_id ON improvement.decision (service, decided_at, id);
CREATE TABLE improvement.decision_log (
    seq BIGINT NOT NULL,
    decision_id UUID NOT NULL,
    entry TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    CONSTRAINT pk_decision_log PRIMARY KEY (seq),
    CONSTRAINT uq_decision_log_decision_id UNIQUE (decision_id),
    CONSTRAINT fk_decision_log_decision_id
        FOREIGN KEY (decision_id) REFERENCES improvement.decision (id)
);
CREATE TABLE improvement.decision_delivery (
    decision_id UUID NOT NULL,
    state VARCHAR(40) NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_decision_delivery PRIMARY KEY (decision_id),
    CONSTRAINT fk_decision_delivery_decision_id
        FOREIGN KEY (decision_id) REFERENCES improvement.decision (id),
    CONSTRAINT ck_decision_delivery_state CHECK (state IN ('pending', 'applied', 'refused'))
);
CREATE TABLE improvement.plan (
    id UUID NOT NULL,
    title TEXT NOT NULL,
    problem TEXT NOT NULL,
    owner TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    held_from VARCHAR(40),
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_plan PRIMARY KEY (id),
    CONSTRAINT ck_plan_on_hold CHECK ((state = 'on_hold') = (held_from IS NOT NULL)),
    CONSTRAINT ck_plan_state
        CHECK (state IN ('draft', 'approved', 'in_progress', 'review',
            'closed', 'on_hold', 'withdrawn')),
    CONSTRAINT ck_plan_held_from
        CHECK (held_from IN ('draft', 'approved', 'in_progress', 'review',
            'closed', 'on_hold', 'withdrawn'))
);
CREATE INDEX ix_plan_created_at_id ON improvement.plan (created_at, id);
CREATE TABLE improvement.initiative (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    title TEXT NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE,
    state VARCHAR(40) NOT NULL,
    revision INTEGER NOT NULL,
    pushed_revision INTEGER NOT NULL,
    push_failure TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_initiative PRIMARY KEY (id),
    CONSTRAINT ck_initiative_period CHECK (ends_on >= starts_on),
    CONSTRAINT ck_initiative_pushed_revision CHECK (pushed_revision <= revision),
    CONSTRAINT fk_initiative_plan_id FOREIGN KEY (plan_id) REFERENCES improvement.plan (id),
    CONSTRAINT ck_initiative_state
        CHECK (state IN ('planned', 'in_progress', 'done', 'cancelled'))
);
CREATE INDEX ix_initiative_plan_id_created_at_id
    ON improvement.initiative (plan_id, created_at, id);
CREATE INDEX ix_initiative_service_state ON improvement.initiative (service, state)
"""

DOWN = """
DROP TABLE improvement.initiative;
DROP TABLE improvement.plan;
DROP TABLE improvement.decision_delivery;
DROP TABLE improvement.decision_log;
DROP TABLE improvement.decision;
DROP TABLE improvement.signature;
DROP TABLE improvement.gate_standing;
DROP TABLE improvement.evaluation;
DROP TABLE improvement.evidence;
DROP TABLE improvement.gate_version;
DROP TABLE improvement.fact_definition;
DROP TABLE improvement.delivery;
DROP TABLE improvement.subscription;
DROP TABLE improvement.outbox_event;
DROP TABLE improvement.idempotency_key;
DROP TABLE improvement.audit_entry
"""


def upgrade() -> None:
    _run(KIT_TABLES)
    _run(TABLES)


def downgrade() -> None:
    _run(DOWN)


def _run(script: str) -> None:
    """One statement at a time: some clusters refuse several in one query."""
    for statement in script.split(";\n"):
        op.execute(statement)
