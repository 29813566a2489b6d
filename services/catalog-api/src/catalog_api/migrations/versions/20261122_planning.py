"""Objectives, customers, vital activities, touchpoints, requirements."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261122_planning"
down_revision: str | Sequence[str] | None = "20261121_initial"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE catalog.objective (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    owner TEXT NOT NULL,
    layer VARCHAR(40) NOT NULL,
    parent_key TEXT,
    measure TEXT,
    target_date DATE,
    state VARCHAR(40) NOT NULL,
    state_since TIMESTAMPTZ NOT NULL,
    state_reason TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_objective PRIMARY KEY (key),
    CONSTRAINT ck_objective_parent_by_layer
        CHECK ((layer = 'corporate') = (parent_key IS NULL)),
    CONSTRAINT ck_objective_layer CHECK (layer IN ('corporate', 'business_area', 'operations')),
    CONSTRAINT fk_objective_parent_key
        FOREIGN KEY (parent_key) REFERENCES catalog.objective (key),
    CONSTRAINT ck_objective_state CHECK (state IN ('active', 'achieved', 'dropped'))
);
CREATE INDEX ix_objective_layer_key ON catalog.objective (layer, key);
CREATE INDEX ix_objective_parent_key_key ON catalog.objective (parent_key, key);
CREATE TABLE catalog.objective_link (
    id UUID NOT NULL,
    objective_key TEXT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    target TEXT NOT NULL,
    service_key TEXT,
    contribution TEXT,
    linked_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_objective_link PRIMARY KEY (id),
    CONSTRAINT ck_objective_link_service_is_referenced
        CHECK ((kind = 'service') = (service_key IS NOT NULL)
            AND (service_key IS NULL OR service_key = target)),
    CONSTRAINT uq_objective_link_objective_key_kind_target UNIQUE (objective_key, kind, target),
    CONSTRAINT fk_objective_link_objective_key
        FOREIGN KEY (objective_key) REFERENCES catalog.objective (key),
    CONSTRAINT ck_objective_link_kind
        CHECK (kind IN ('service', 'kra', 'improvement_objective')),
    CONSTRAINT fk_objective_link_service_key
        FOREIGN KEY (service_key) REFERENCES catalog.service (key)
);
CREATE INDEX ix_objective_link_objective_key_linked_at_id
    ON catalog.objective_link (objective_key, linked_at, id);
CREATE INDEX ix_objective_link_service_key_objective_key
    ON catalog.objective_link (service_key, objective_key);
CREATE TABLE catalog.customer (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    relationship_owner TEXT NOT NULL,
    review_cadence_days INTEGER NOT NULL,
    last_reviewed_on DATE,
    review_due_on DATE NOT NULL,
    active BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_customer PRIMARY KEY (key),
    CONSTRAINT ck_customer_kind CHECK (kind IN ('internal', 'external'))
);
CREATE INDEX ix_customer_review_due_on_key ON catalog.customer (review_due_on, key);
CREATE TABLE catalog.customer_representative (
    id UUID NOT NULL,
    customer_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    role TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_customer_representative PRIMARY KEY (id),
    CONSTRAINT ck_customer_representative_ends_after_start CHECK (valid_to >= valid_from),
    CONSTRAINT fk_customer_representative_customer_key
        FOREIGN KEY (customer_key) REFERENCES catalog.customer (key)
);
CREATE INDEX ix_customer_representative_customer_key_valid_from_id
    ON catalog.customer_representative (customer_key, valid_from, id);
CREATE INDEX ix_customer_representative_subject ON catalog.customer_representative (subject);
CREATE TABLE catalog.customer_engagement (
    id UUID NOT NULL,
    customer_key TEXT NOT NULL,
    service_key TEXT NOT NULL,
    engaged_from DATE NOT NULL,
    engaged_to DATE,
    end_reason TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_customer_engagement PRIMARY KEY (id),
    CONSTRAINT ck_customer_engagement_ends_after_start CHECK (engaged_to >= engaged_from),
    CONSTRAINT fk_customer_engagement_customer_key
        FOREIGN KEY (customer_key) REFERENCES catalog.customer (key),
    CONSTRAINT fk_customer_engagement_service_key
        FOREIGN KEY (service_key) REFERENCES catalog.service (key)
);
CREATE INDEX ix_customer_engagement_customer_key_engaged_from_id
    ON catalog.customer_engagement (customer_key, engaged_from, id);
CREATE INDEX ix_customer_engagement_engaged_from_id
    ON catalog.customer_engagement (engaged_from, id);
CREATE INDEX ix_customer_engagement_service_key_customer_key
    ON catalog.customer_engagement (service_key, customer_key);
CREATE UNIQUE INDEX uq_customer_engagement_running
    ON catalog.customer_engagement (customer_key, service_key) WHERE engaged_to IS NULL;
CREATE TABLE catalog.vital_activity (
    key TEXT NOT NULL,
    customer_key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    business_impact TEXT NOT NULL,
    criticality VARCHAR(40) NOT NULL,
    active BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_vital_activity PRIMARY KEY (key),
    CONSTRAINT fk_vital_activity_customer_key
        FOREIGN KEY (customer_key) REFERENCES catalog.customer (key),
    CONSTRAINT ck_vital_activity_criticality
        CHECK (criticality IN ('low', 'medium', 'high', 'critical'))
);
CREATE INDEX ix_vital_activity_customer_key_key ON catalog.vital_activity (customer_key, key);
CREATE TABLE catalog.vital_activity_support (
    vital_activity_key TEXT NOT NULL,
    service_key TEXT NOT NULL,
    strength VARCHAR(40) NOT NULL,
    note TEXT,
    changed_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_vital_activity_support PRIMARY KEY (vital_activity_key, service_key),
    CONSTRAINT fk_vital_activity_support_vital_activity_key
        FOREIGN KEY (vital_activity_key) REFERENCES catalog.vital_activity (key),
    CONSTRAINT fk_vital_activity_support_service_key
        FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT ck_vital_activity_support_strength
        CHECK (strength IN ('essential', 'important', 'helpful'))
);
CREATE INDEX ix_vital_activity_support_service_key_vital_activity_key
    ON catalog.vital_activity_support (service_key, vital_activity_key);
CREATE TABLE catalog.touchpoint (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    channel VARCHAR(40) NOT NULL,
    address TEXT,
    hours TEXT,
    calendar TEXT,
    active BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_touchpoint PRIMARY KEY (key),
    CONSTRAINT ck_touchpoint_one_hours CHECK (num_nonnulls(hours, calendar) <= 1),
    CONSTRAINT ck_touchpoint_channel
        CHECK (channel IN ('phone', 'email', 'chat', 'portal',
            'on_site', 'walk_in', 'api', 'other'))
);
CREATE TABLE catalog.touchpoint_service (
    touchpoint_key TEXT NOT NULL,
    service_key TEXT NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_touchpoint_service PRIMARY KEY (touchpoint_key, service_key),
    CONSTRAINT fk_touchpoint_service_touchpoint_key
        FOREIGN KEY (touchpoint_key) REFERENCES catalog.touchpoint (key),
    CONSTRAINT fk_touchpoint_service_service_key
        FOREIGN KEY (service_key) REFERENCES catalog.service (key)
);
CREATE INDEX ix_touchpoint_service_service_key_touchpoint_key
    ON catalog.touchpoint_service (service_key, touchpoint_key);
CREATE TABLE catalog.service_requirement (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    customer_key TEXT NOT NULL,
    statement TEXT NOT NULL,
    feedback TEXT,
    priority VARCHAR(40) NOT NULL,
    state VARCHAR(40) NOT NULL,
    state_since TIMESTAMPTZ NOT NULL,
    state_reason TEXT,
    answer_kind VARCHAR(40),
    answer_reference TEXT,
    answer_name TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_service_requirement PRIMARY KEY (id),
    CONSTRAINT ck_service_requirement_answered_by_a_target
        CHECK (num_nulls(answer_kind, answer_reference)
            = CASE WHEN state = 'answered' THEN 0 ELSE 2 END),
    CONSTRAINT fk_service_requirement_service_key
        FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT fk_service_requirement_customer_key
        FOREIGN KEY (customer_key) REFERENCES catalog.customer (key),
    CONSTRAINT ck_service_requirement_priority CHECK (priority IN ('must', 'should', 'could')),
    CONSTRAINT ck_service_requirement_state
        CHECK (state IN ('proposed', 'accepted', 'answered', 'rejected', 'withdrawn')),
    CONSTRAINT ck_service_requirement_answer_kind
        CHECK (answer_kind IN ('kpi', 'slo', 'agreement'))
);
CREATE INDEX ix_service_requirement_created_at_id
    ON catalog.service_requirement (created_at, id);
CREATE INDEX ix_service_requirement_customer_key_created_at_id
    ON catalog.service_requirement (customer_key, created_at, id);
CREATE INDEX ix_service_requirement_service_key_created_at_id
    ON catalog.service_requirement (service_key, created_at, id);
"""
DOWN = """
DROP TABLE catalog.service_requirement;
DROP TABLE catalog.touchpoint_service;
DROP TABLE catalog.touchpoint;
DROP TABLE catalog.vital_activity_support;
DROP TABLE catalog.vital_activity;
DROP TABLE catalog.customer_engagement;
DROP TABLE catalog.customer_representative;
DROP TABLE catalog.customer;
DROP TABLE catalog.objective_link;
DROP TABLE catalog.objective;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
