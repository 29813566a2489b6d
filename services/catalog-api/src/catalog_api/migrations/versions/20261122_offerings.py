"""Offerings and requests."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from shared.kit.migrations import run_script

revision: str = "20261122_offerings"
down_revision: str | Sequence[str] | None = "20261122_plans"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE catalog.offering (
    key TEXT NOT NULL,
    service_key TEXT NOT NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT[] NOT NULL,
    everyone BOOLEAN NOT NULL,
    customers TEXT[] NOT NULL,
    units TEXT[] NOT NULL,
    roles TEXT[] NOT NULL,
    price_amount NUMERIC(18, 4),
    currency TEXT,
    price_unit VARCHAR(40),
    promises JSONB NOT NULL,
    announcement TEXT,
    announced_from TIMESTAMPTZ,
    announced_until TIMESTAMPTZ,
    state VARCHAR(40) NOT NULL,
    published_at TIMESTAMPTZ,
    withdrawn_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    search TSVECTOR NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('simple'::regconfig, key || ' ' || title), 'A')
        || setweight(to_tsvector('simple'::regconfig, summary), 'B')
        || setweight(to_tsvector('simple'::regconfig, description), 'C')
    ) STORED,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_offering PRIMARY KEY (key),
    CONSTRAINT ck_offering_price CHECK (
        (price_amount IS NULL) = (currency IS NULL)
        AND (price_amount IS NULL) = (price_unit IS NULL)
    ),
    CONSTRAINT fk_offering_service_key FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT ck_offering_price_unit CHECK (
        price_unit IN ('request', 'user_month', 'user_year', 'item', 'hour', 'month', 'year')
    ),
    CONSTRAINT ck_offering_state CHECK (state IN ('draft', 'published', 'withdrawn'))
);
CREATE INDEX ix_offering_customers ON catalog.offering USING gin (customers);
CREATE INDEX ix_offering_search ON catalog.offering USING gin (search)
    WITH (fastupdate = off);
CREATE INDEX ix_offering_service_key_key ON catalog.offering (service_key, key);
CREATE INDEX ix_offering_state_key ON catalog.offering (state, key);
CREATE INDEX ix_offering_tags ON catalog.offering USING gin (tags);
CREATE INDEX ix_offering_title_trigram
    ON catalog.offering USING gin (title {trgm}.gin_trgm_ops)
    WITH (fastupdate = off);
CREATE TABLE catalog.offering_version (
    offering_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    form JSONB,
    steps JSONB NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    made_by TEXT NOT NULL,
    CONSTRAINT pk_offering_version PRIMARY KEY (offering_key, version),
    CONSTRAINT fk_offering_version_offering_key FOREIGN KEY (offering_key)
        REFERENCES catalog.offering (key)
);
CREATE TABLE catalog.request (
    id UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    offering_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    service_key TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    requester TEXT NOT NULL,
    requested_for TEXT NOT NULL,
    customer TEXT,
    answers JSONB NOT NULL,
    impact TEXT,
    urgency TEXT,
    priority SMALLINT,
    scheme TEXT,
    scheme_version INTEGER,
    waiting_for TEXT,
    due_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    reason TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_request PRIMARY KEY (id),
    CONSTRAINT fk_request_offering_version FOREIGN KEY (offering_key, version)
        REFERENCES catalog.offering_version (offering_key, version),
    CONSTRAINT fk_request_service_key FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT ck_request_state CHECK (
        state IN ('submitted', 'in_fulfilment', 'fulfilled', 'cancelled', 'rejected')
    )
);
CREATE INDEX ix_request_customer_number ON catalog.request (customer, number);
CREATE INDEX ix_request_offering_key_number ON catalog.request (offering_key, number);
CREATE INDEX ix_request_open ON catalog.request (service_key, due_at)
    WHERE state IN ('submitted', 'in_fulfilment');
CREATE INDEX ix_request_requested_for_number ON catalog.request (requested_for, number);
CREATE INDEX ix_request_requester_number ON catalog.request (requester, number);
CREATE INDEX ix_request_service_key_number ON catalog.request (service_key, number);
CREATE INDEX ix_request_state_number ON catalog.request (state, number);
CREATE INDEX ix_request_waiting_for ON catalog.request (waiting_for, number)
    WHERE state IN ('submitted', 'in_fulfilment');
CREATE UNIQUE INDEX uq_request_number ON catalog.request (number);
CREATE TABLE catalog.request_step (
    request_id UUID NOT NULL,
    position SMALLINT NOT NULL,
    step TEXT NOT NULL,
    title TEXT NOT NULL,
    owner_role TEXT NOT NULL,
    target_minutes INTEGER NOT NULL,
    started_at TIMESTAMPTZ,
    started_by TEXT,
    completed_at TIMESTAMPTZ,
    completed_by TEXT,
    CONSTRAINT pk_request_step PRIMARY KEY (request_id, position),
    CONSTRAINT fk_request_step_request_id FOREIGN KEY (request_id) REFERENCES catalog.request (id)
)
"""
DOWN = """
DROP TABLE catalog.request_step, catalog.request;
DROP TABLE catalog.offering_version, catalog.offering
"""


def upgrade() -> None:
    run_script(UP.format(trgm=_trigram_schema()))


def downgrade() -> None:
    run_script(DOWN)


def _trigram_schema() -> str:
    """The quoted schema of pg_trgm, which the first migration has made sure of."""
    found = sa.text(
        "SELECT quote_ident(nspname) FROM pg_extension"
        " JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'"
    )
    schema: str = op.get_bind().execute(found).scalar_one()
    return schema
