"""Vendor products, dependencies, candidates, exceptions to ceilings."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261122_dependencies"
down_revision: str | Sequence[str] | None = "20261122_offerings"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE catalog.vendor_product (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    vendor TEXT NOT NULL,
    description TEXT NOT NULL,
    contract_from DATE,
    contract_to DATE,
    renewal_notice_days INTEGER NOT NULL,
    cost_amount NUMERIC(18, 4),
    cost_currency TEXT,
    cost_period VARCHAR(40),
    end_of_life_on DATE,
    recovery_time_hours NUMERIC(12, 4),
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_vendor_product PRIMARY KEY (key),
    CONSTRAINT ck_vendor_product_whole_cost
        CHECK (num_nulls(cost_amount, cost_currency, cost_period) IN (0, 3)),
    CONSTRAINT ck_vendor_product_contract_dates CHECK (contract_to >= contract_from),
    CONSTRAINT ck_vendor_product_cost_period CHECK (cost_period IN ('month', 'year'))
);
CREATE INDEX ix_vendor_product_contract_to_key ON catalog.vendor_product (contract_to, key);
CREATE INDEX ix_vendor_product_end_of_life_on_key ON catalog.vendor_product (end_of_life_on, key);
CREATE INDEX ix_vendor_product_vendor_key ON catalog.vendor_product (vendor, key);
CREATE TABLE catalog.dependency (
    id UUID NOT NULL,
    consumer_key TEXT NOT NULL,
    provider_service_key TEXT,
    provider_vendor_product_key TEXT,
    strength VARCHAR(40) NOT NULL,
    cost_share NUMERIC(7, 6) NOT NULL,
    description TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_dependency PRIMARY KEY (id),
    CONSTRAINT ck_dependency_one_provider
        CHECK (num_nonnulls(provider_service_key, provider_vendor_product_key) = 1),
    CONSTRAINT ck_dependency_not_itself CHECK (consumer_key <> provider_service_key),
    CONSTRAINT ck_dependency_cost_share CHECK (cost_share BETWEEN 0 AND 1),
    CONSTRAINT ck_dependency_strength CHECK (strength IN ('hard', 'soft')),
    CONSTRAINT fk_dependency_consumer_key FOREIGN KEY (consumer_key)
        REFERENCES catalog.service (key),
    CONSTRAINT fk_dependency_provider_service_key FOREIGN KEY (provider_service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT fk_dependency_provider_vendor_product_key FOREIGN KEY (provider_vendor_product_key)
        REFERENCES catalog.vendor_product (key)
);
CREATE INDEX ix_dependency_consumer_key_created_at_id
    ON catalog.dependency (consumer_key, created_at, id);
CREATE INDEX ix_dependency_consumers
    ON catalog.dependency (provider_service_key, consumer_key) INCLUDE (strength);
CREATE INDEX ix_dependency_vendor_product_consumers
    ON catalog.dependency (provider_vendor_product_key, consumer_key) INCLUDE (strength);
CREATE UNIQUE INDEX uq_dependency_service
    ON catalog.dependency (consumer_key, provider_service_key) INCLUDE (strength);
CREATE UNIQUE INDEX uq_dependency_vendor_product
    ON catalog.dependency (consumer_key, provider_vendor_product_key) INCLUDE (strength);
CREATE TABLE catalog.ceiling_exception (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    dimension VARCHAR(40) NOT NULL,
    reason TEXT NOT NULL,
    risk_owner TEXT NOT NULL,
    expires_on DATE NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_ceiling_exception PRIMARY KEY (id),
    CONSTRAINT ck_ceiling_exception_dimension CHECK (dimension IN ('availability', 'recovery')),
    CONSTRAINT fk_ceiling_exception_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key)
);
CREATE INDEX ix_ceiling_exception_service_key_recorded_at_id
    ON catalog.ceiling_exception (service_key, recorded_at, id);
CREATE TABLE catalog.vendor_candidate (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    name TEXT NOT NULL,
    vendor TEXT NOT NULL,
    description TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    vendor_product_key TEXT,
    decision_reason TEXT,
    decided_by TEXT,
    decided_at TIMESTAMPTZ,
    decided_on JSONB,
    decided_total NUMERIC(7, 4),
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_vendor_candidate PRIMARY KEY (id),
    CONSTRAINT ck_vendor_candidate_state CHECK (state IN ('open', 'selected', 'rejected')),
    CONSTRAINT fk_vendor_candidate_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT fk_vendor_candidate_vendor_product_key FOREIGN KEY (vendor_product_key)
        REFERENCES catalog.vendor_product (key)
);
CREATE INDEX ix_vendor_candidate_service_key_created_at_id
    ON catalog.vendor_candidate (service_key, created_at, id);
CREATE INDEX ix_vendor_candidate_vendor_product_key
    ON catalog.vendor_candidate (vendor_product_key);
CREATE TABLE catalog.candidate_score (
    candidate_id UUID NOT NULL,
    requirement_id TEXT NOT NULL,
    score SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    scored_by TEXT NOT NULL,
    scored_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_candidate_score PRIMARY KEY (candidate_id, requirement_id),
    CONSTRAINT ck_candidate_score_score CHECK (score BETWEEN 0 AND 5),
    CONSTRAINT fk_candidate_score_candidate_id FOREIGN KEY (candidate_id)
        REFERENCES catalog.vendor_candidate (id)
)
"""
DOWN = """
DROP TABLE catalog.candidate_score, catalog.vendor_candidate, catalog.ceiling_exception;
DROP TABLE catalog.dependency, catalog.vendor_product
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
