"""Portfolios, services, owners, external references, transitions; audit and events beside them."""

from collections.abc import Sequence

import psycopg
import sqlalchemy as sa
from alembic import op

from shared.kit.migrations import MigrationError, run_script

revision: str = "20261121_initial"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KIT_TABLES = """
CREATE TABLE catalog.audit_entry (
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
CREATE INDEX ix_audit_entry_resource_key_id ON catalog.audit_entry (resource, key, id);
CREATE TABLE catalog.idempotency_key (
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
CREATE INDEX ix_idempotency_key_created_at ON catalog.idempotency_key (created_at);
CREATE TABLE catalog.outbox_event (
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
CREATE INDEX ix_outbox_event_unsequenced ON catalog.outbox_event (position)
    WHERE sequence IS NULL;
CREATE TABLE catalog.subscription (
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
CREATE TABLE catalog.delivery (
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
        REFERENCES catalog.subscription (id) ON DELETE CASCADE,
    CONSTRAINT fk_delivery_event_id FOREIGN KEY (event_id)
        REFERENCES catalog.outbox_event (id) ON DELETE CASCADE
);
CREATE INDEX ix_delivery_event_id ON catalog.delivery (event_id);
CREATE INDEX ix_delivery_sequence_id ON catalog.delivery (sequence, id);
CREATE UNIQUE INDEX uq_delivery_subscription_id_event_id
    ON catalog.delivery (subscription_id, event_id)
"""

TABLES = """
CREATE TABLE catalog.portfolio (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    manager TEXT,
    strategy TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    changed_at JSONB NOT NULL DEFAULT '{}',
    CONSTRAINT pk_portfolio PRIMARY KEY (key)
);
CREATE TABLE catalog.service (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    portfolio_key TEXT NOT NULL,
    stage VARCHAR(40) NOT NULL,
    criticality VARCHAR(40),
    support_hours JSONB,
    tags TEXT[] NOT NULL,
    onboarded BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    changed_at JSONB NOT NULL DEFAULT '{}',
    search TSVECTOR NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('simple'::regconfig, key || ' ' || name), 'A')
        || setweight(to_tsvector('simple'::regconfig, description), 'B')
    ) STORED,
    CONSTRAINT pk_service PRIMARY KEY (key),
    CONSTRAINT ck_service_kind CHECK (kind IN ('business', 'technical', 'product')),
    CONSTRAINT fk_service_portfolio_key FOREIGN KEY (portfolio_key)
        REFERENCES catalog.portfolio (key),
    CONSTRAINT ck_service_stage CHECK (
        stage IN (
            'strategy', 'design', 'transition',
            'operate', 'improve', 'retirement'
        )
    ),
    CONSTRAINT ck_service_criticality CHECK (criticality IN ('low', 'medium', 'high', 'critical'))
);
CREATE INDEX ix_service_portfolio_key_key ON catalog.service (portfolio_key, key);
CREATE INDEX ix_service_search ON catalog.service USING gin (search);
CREATE INDEX ix_service_stage_key ON catalog.service (stage, key);
CREATE INDEX ix_service_tags ON catalog.service USING gin (tags);
CREATE TABLE catalog.owner (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    role TEXT NOT NULL,
    subject TEXT NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_to TIMESTAMPTZ,
    CONSTRAINT pk_owner PRIMARY KEY (id),
    CONSTRAINT fk_owner_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key)
);
CREATE INDEX ix_owner_service_key_valid_from_id ON catalog.owner (service_key, valid_from, id);
CREATE INDEX ix_owner_subject_present ON catalog.owner (subject, service_key)
    WHERE valid_to IS NULL;
CREATE UNIQUE INDEX uq_owner_one_service_owner ON catalog.owner (service_key)
    WHERE valid_to IS NULL AND role = 'service_owner';
CREATE UNIQUE INDEX uq_owner_present ON catalog.owner (service_key, role, subject)
    WHERE valid_to IS NULL;
CREATE TABLE catalog.external_reference (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    source TEXT,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_external_reference PRIMARY KEY (id),
    CONSTRAINT uq_external_reference_folded_name_source
        UNIQUE NULLS NOT DISTINCT (folded_name, source),
    CONSTRAINT fk_external_reference_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key)
);
CREATE INDEX ix_external_reference_service_key_added_at_id
    ON catalog.external_reference (service_key, added_at, id);
CREATE TABLE catalog.stage_transition (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    gate VARCHAR(40) NOT NULL,
    gate_version INTEGER NOT NULL,
    from_stage VARCHAR(40) NOT NULL,
    to_stage VARCHAR(40) NOT NULL,
    decision TEXT NOT NULL,
    evaluation TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    statement TEXT NOT NULL,
    moved_at TIMESTAMPTZ NOT NULL,
    moved_by TEXT NOT NULL,
    on_behalf_of TEXT,
    CONSTRAINT pk_stage_transition PRIMARY KEY (id),
    CONSTRAINT fk_stage_transition_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_stage_transition_gate CHECK (
        gate IN (
            'strategy-to-design', 'design-to-transition', 'transition-to-operate',
            'operate-to-improve', 'improve-to-operate', 'to-retirement'
        )
    ),
    CONSTRAINT ck_stage_transition_from_stage CHECK (
        from_stage IN (
            'strategy', 'design', 'transition',
            'operate', 'improve', 'retirement'
        )
    ),
    CONSTRAINT ck_stage_transition_to_stage CHECK (
        to_stage IN (
            'strategy', 'design', 'transition',
            'operate', 'improve', 'retirement'
        )
    ),
    CONSTRAINT uq_stage_transition_decision UNIQUE (decision)
);
CREATE INDEX ix_stage_transition_service_key_moved_at_id
    ON catalog.stage_transition (service_key, moved_at, id)
"""

# The extension may live in any schema, so only these two functions know which; they are inlined,
# so that the index is used. STABLE and not IMMUTABLE: the operator reads a threshold setting.
SEARCH = """
CREATE FUNCTION catalog.text_resembles(words text, name text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT words OPERATOR({trgm}.<%) name $$;
CREATE FUNCTION catalog.text_resemblance(words text, name text) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT {trgm}.word_similarity(words, name) $$;
CREATE INDEX ix_service_name_trigram
    ON catalog.service USING gin (name {trgm}.gin_trgm_ops)
"""

DOWN = """
DROP FUNCTION catalog.text_resembles(text, text);
DROP FUNCTION catalog.text_resemblance(text, text);
DROP TABLE catalog.stage_transition, catalog.external_reference, catalog.owner;
DROP TABLE catalog.service, catalog.portfolio;
DROP TABLE catalog.delivery, catalog.subscription, catalog.outbox_event;
DROP TABLE catalog.idempotency_key, catalog.audit_entry
"""


def upgrade() -> None:
    schema = _trigram_schema()
    run_script(KIT_TABLES)
    run_script(TABLES)
    run_script(SEARCH.format(trgm=schema))


def downgrade() -> None:
    # pg_trgm stays: others in the database may use it.
    run_script(DOWN)


def _trigram_schema() -> str:
    """The quoted schema of pg_trgm, which is created if the database does not have it yet."""
    connection = op.get_bind()
    find = sa.text(
        "SELECT quote_ident(nspname) FROM pg_extension"
        " JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'"
    )
    present: str | None = connection.scalar(find)
    if present is not None:
        return present
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION pg_trgm SCHEMA public"))
    except sa.exc.DBAPIError as error:
        raise MigrationError(_what_to_do(error.orig)) from error
    return "public"


def _what_to_do(error: BaseException | None) -> str:
    reason = str(error).splitlines()[0]
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            f"The user of DATABASE_URL may not create the extension pg_trgm ({reason}): grant it"
            " CREATE on the database, or let an administrator run CREATE EXTENSION pg_trgm"
        )
    return (
        f"catalog-api needs the extension pg_trgm, which this PostgreSQL cannot create ({reason}):"
        " install PostgreSQL's contrib package"
    )
