"""Calendars, priority schemes, agreements."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261122_agreements"
down_revision: str | Sequence[str] | None = "20261122_financials"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE catalog.calendar (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version INTEGER NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_calendar PRIMARY KEY (key)
);
CREATE TABLE catalog.calendar_version (
    calendar_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    timezone TEXT NOT NULL,
    always_open BOOLEAN NOT NULL,
    weekly JSONB NOT NULL,
    country TEXT,
    subdivision TEXT,
    own_days JSONB NOT NULL,
    worked_days JSONB NOT NULL,
    closed_days JSONB NOT NULL,
    first_year INTEGER,
    last_year INTEGER,
    library TEXT,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_calendar_version PRIMARY KEY (calendar_key, version),
    CONSTRAINT fk_calendar_version_calendar_key
        FOREIGN KEY (calendar_key) REFERENCES catalog.calendar (key)
);
CREATE TABLE catalog.priority_scheme (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version INTEGER NOT NULL,
    is_default BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_priority_scheme PRIMARY KEY (key)
);
CREATE UNIQUE INDEX uq_priority_scheme_one_default
    ON catalog.priority_scheme (is_default) WHERE is_default;
CREATE TABLE catalog.priority_scheme_version (
    scheme_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    impacts JSONB NOT NULL,
    urgencies JSONB NOT NULL,
    matrix JSONB NOT NULL,
    priorities JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_priority_scheme_version PRIMARY KEY (scheme_key, version),
    CONSTRAINT fk_priority_scheme_version_scheme_key
        FOREIGN KEY (scheme_key) REFERENCES catalog.priority_scheme (key)
);
CREATE TABLE catalog.service_priority_scheme (
    service_key TEXT NOT NULL,
    scheme_key TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_service_priority_scheme PRIMARY KEY (service_key),
    CONSTRAINT fk_service_priority_scheme_service_key
        FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT fk_service_priority_scheme_scheme_key
        FOREIGN KEY (scheme_key) REFERENCES catalog.priority_scheme (key)
);
CREATE INDEX ix_service_priority_scheme_scheme_key_service_key
    ON catalog.service_priority_scheme (scheme_key, service_key);
CREATE TABLE catalog.agreement (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    version INTEGER NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_agreement PRIMARY KEY (key),
    CONSTRAINT ck_agreement_kind CHECK (kind IN ('sla', 'ola', 'underpinning_contract'))
);
CREATE TABLE catalog.agreement_version (
    agreement_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    state VARCHAR(40) NOT NULL,
    round INTEGER NOT NULL,
    text JSONB NOT NULL,
    text_hash TEXT NOT NULL,
    calendar_key TEXT NOT NULL,
    calendar_version INTEGER NOT NULL,
    scheme_key TEXT,
    scheme_version INTEGER,
    review_date DATE NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ,
    authored_by TEXT NOT NULL,
    submitted_at TIMESTAMPTZ,
    signed_at TIMESTAMPTZ,
    activated_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    end_reason TEXT,
    held_back TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_agreement_version PRIMARY KEY (agreement_key, version),
    CONSTRAINT fk_agreement_version_calendar_key_calendar_version
        FOREIGN KEY (calendar_key, calendar_version)
        REFERENCES catalog.calendar_version (calendar_key, version),
    CONSTRAINT fk_agreement_version_scheme_key_scheme_version
        FOREIGN KEY (scheme_key, scheme_version)
        REFERENCES catalog.priority_scheme_version (scheme_key, version),
    CONSTRAINT fk_agreement_version_agreement_key
        FOREIGN KEY (agreement_key) REFERENCES catalog.agreement (key),
    CONSTRAINT ck_agreement_version_state
        CHECK (state IN ('draft', 'in_review', 'signed', 'active', 'expired', 'terminated'))
);
CREATE INDEX ix_agreement_version_calendar_key_calendar_version
    ON catalog.agreement_version (calendar_key, calendar_version);
CREATE INDEX ix_agreement_version_scheme_key_scheme_version
    ON catalog.agreement_version (scheme_key, scheme_version);
CREATE INDEX ix_agreement_version_state_starts_at ON catalog.agreement_version (state, starts_at);
CREATE UNIQUE INDEX uq_agreement_version_one_active
    ON catalog.agreement_version (agreement_key) WHERE state = 'active';
CREATE UNIQUE INDEX uq_agreement_version_one_open
    ON catalog.agreement_version (agreement_key) WHERE state IN ('draft', 'in_review');
CREATE TABLE catalog.agreement_scope (
    id UUID NOT NULL,
    agreement_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    service_key TEXT,
    vendor_product_key TEXT,
    CONSTRAINT pk_agreement_scope PRIMARY KEY (id),
    CONSTRAINT fk_agreement_scope_agreement_key_version
        FOREIGN KEY (agreement_key, version)
        REFERENCES catalog.agreement_version (agreement_key, version),
    CONSTRAINT ck_agreement_scope_one_subject
        CHECK (num_nonnulls(service_key, vendor_product_key) = 1),
    CONSTRAINT uq_agreement_scope_subject
        UNIQUE (agreement_key, version, service_key, vendor_product_key),
    CONSTRAINT fk_agreement_scope_service_key
        FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT fk_agreement_scope_vendor_product_key
        FOREIGN KEY (vendor_product_key) REFERENCES catalog.vendor_product (key)
);
CREATE INDEX ix_agreement_scope_service_key ON catalog.agreement_scope (service_key);
CREATE INDEX ix_agreement_scope_vendor_product_key ON catalog.agreement_scope (vendor_product_key);
CREATE TABLE catalog.agreement_target (
    agreement_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    id TEXT NOT NULL,
    kpi TEXT,
    comparator TEXT NOT NULL,
    value NUMERIC(18, 6) NOT NULL,
    priority INTEGER,
    CONSTRAINT pk_agreement_target PRIMARY KEY (agreement_key, version, id),
    CONSTRAINT fk_agreement_target_agreement_key_version
        FOREIGN KEY (agreement_key, version)
        REFERENCES catalog.agreement_version (agreement_key, version)
);
CREATE INDEX ix_agreement_target_kpi ON catalog.agreement_target (kpi);
CREATE TABLE catalog.agreement_signature (
    id UUID NOT NULL,
    agreement_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    round INTEGER NOT NULL,
    side VARCHAR(40) NOT NULL,
    subject TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    signed_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_agreement_signature PRIMARY KEY (id),
    CONSTRAINT fk_agreement_signature_agreement_key_version
        FOREIGN KEY (agreement_key, version)
        REFERENCES catalog.agreement_version (agreement_key, version),
    CONSTRAINT uq_agreement_signature_agreement_key_version_round_side
        UNIQUE (agreement_key, version, round, side),
    CONSTRAINT uq_agreement_signature_agreement_key_version_round_subject
        UNIQUE (agreement_key, version, round, subject),
    CONSTRAINT ck_agreement_signature_side CHECK (side IN ('provider', 'customer'))
);
"""
DOWN = """
DROP TABLE catalog.agreement_signature;
DROP TABLE catalog.agreement_target;
DROP TABLE catalog.agreement_scope;
DROP TABLE catalog.agreement_version;
DROP TABLE catalog.agreement;
DROP TABLE catalog.service_priority_scheme;
DROP TABLE catalog.priority_scheme_version;
DROP TABLE catalog.priority_scheme;
DROP TABLE catalog.calendar_version;
DROP TABLE catalog.calendar;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
