"""Service plans, development records, retirement plans, risks, obligations."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261122_plans"
down_revision: str | Sequence[str] | None = "20261122_planning"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE catalog.plan_version (
    id UUID NOT NULL,
    service_key TEXT,
    portfolio_key TEXT,
    kind VARCHAR(40) NOT NULL,
    version INTEGER NOT NULL,
    state VARCHAR(40) NOT NULL,
    text JSONB NOT NULL,
    text_hash TEXT NOT NULL,
    approver_roles TEXT[] NOT NULL,
    authors TEXT[] NOT NULL,
    review INTEGER NOT NULL,
    return_reason TEXT,
    submitted_at TIMESTAMPTZ,
    approved_at TIMESTAMPTZ,
    superseded_at TIMESTAMPTZ,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_plan_version PRIMARY KEY (id),
    CONSTRAINT ck_plan_version_one_subject CHECK (num_nonnulls(service_key, portfolio_key) = 1),
    CONSTRAINT fk_plan_version_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT fk_plan_version_portfolio_key FOREIGN KEY (portfolio_key)
        REFERENCES catalog.portfolio (key),
    CONSTRAINT ck_plan_version_kind CHECK (kind IN ('strategy', 'roadmap', 'targets')),
    CONSTRAINT ck_plan_version_state
        CHECK (state IN ('draft', 'in_review', 'approved', 'superseded'))
);
CREATE UNIQUE INDEX uq_plan_version_of_portfolio
    ON catalog.plan_version (portfolio_key, kind, version);
CREATE UNIQUE INDEX uq_plan_version_of_service
    ON catalog.plan_version (service_key, kind, version);
CREATE UNIQUE INDEX uq_plan_version_portfolio_approved ON catalog.plan_version (portfolio_key, kind)
    WHERE state = 'approved';
CREATE UNIQUE INDEX uq_plan_version_portfolio_open ON catalog.plan_version (portfolio_key, kind)
    WHERE state IN ('draft', 'in_review');
CREATE UNIQUE INDEX uq_plan_version_service_approved ON catalog.plan_version (service_key, kind)
    WHERE state = 'approved';
CREATE UNIQUE INDEX uq_plan_version_service_open ON catalog.plan_version (service_key, kind)
    WHERE state IN ('draft', 'in_review');
CREATE TABLE catalog.plan_approval (
    id UUID NOT NULL,
    plan_version_id UUID NOT NULL,
    review INTEGER NOT NULL,
    role TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    approved_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_plan_approval PRIMARY KEY (id),
    CONSTRAINT fk_plan_approval_plan_version_id FOREIGN KEY (plan_version_id)
        REFERENCES catalog.plan_version (id)
);
CREATE UNIQUE INDEX uq_plan_approval_person
    ON catalog.plan_approval (plan_version_id, review, approved_by);
CREATE UNIQUE INDEX uq_plan_approval_role
    ON catalog.plan_approval (plan_version_id, review, role);
CREATE TABLE catalog.development_record (
    service_key TEXT NOT NULL,
    design_package JSONB NOT NULL,
    build JSONB,
    tests JSONB NOT NULL,
    checklist JSONB NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_development_record PRIMARY KEY (service_key),
    CONSTRAINT fk_development_record_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key)
);
CREATE TABLE catalog.retirement_plan (
    service_key TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    successor_key TEXT,
    no_successor_reason TEXT,
    planned_on DATE,
    steps JSONB NOT NULL,
    authors TEXT[] NOT NULL,
    approved_by TEXT,
    approved_at TIMESTAMPTZ,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_retirement_plan PRIMARY KEY (service_key),
    CONSTRAINT fk_retirement_plan_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_retirement_plan_state CHECK (state IN ('draft', 'approved')),
    CONSTRAINT fk_retirement_plan_successor_key FOREIGN KEY (successor_key)
        REFERENCES catalog.service (key)
);
CREATE INDEX ix_retirement_plan_successor_key ON catalog.retirement_plan (successor_key);
CREATE TABLE catalog.customer_migration (
    service_key TEXT NOT NULL,
    customer_key TEXT NOT NULL,
    migrated_on DATE NOT NULL,
    migrated_to TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_customer_migration PRIMARY KEY (service_key, customer_key),
    CONSTRAINT fk_customer_migration_customer_key FOREIGN KEY (customer_key)
        REFERENCES catalog.customer (key),
    CONSTRAINT fk_customer_migration_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.retirement_plan (service_key)
);
CREATE INDEX ix_customer_migration_customer_key ON catalog.customer_migration (customer_key);
CREATE TABLE catalog.risk (
    id UUID NOT NULL,
    service_key TEXT,
    portfolio_key TEXT,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    likelihood INTEGER NOT NULL,
    impact INTEGER NOT NULL,
    score INTEGER NOT NULL,
    treatment VARCHAR(40),
    treatment_text TEXT,
    roadmap_item TEXT,
    owner TEXT NOT NULL,
    review_date DATE NOT NULL,
    source VARCHAR(40) NOT NULL,
    source_reference TEXT,
    state VARCHAR(40) NOT NULL,
    state_since TIMESTAMPTZ NOT NULL,
    acceptance_owner TEXT,
    accepted_by TEXT,
    accepted_until DATE,
    acceptance_reason TEXT,
    close_reason TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_risk PRIMARY KEY (id),
    CONSTRAINT ck_risk_one_subject CHECK (num_nonnulls(service_key, portfolio_key) = 1),
    CONSTRAINT ck_risk_score CHECK (score = likelihood * impact),
    CONSTRAINT fk_risk_service_key FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT fk_risk_portfolio_key FOREIGN KEY (portfolio_key) REFERENCES catalog.portfolio (key),
    CONSTRAINT ck_risk_treatment CHECK (treatment IN ('avoid', 'reduce', 'transfer', 'accept')),
    CONSTRAINT ck_risk_source CHECK (source IN ('manual', 'trend')),
    CONSTRAINT ck_risk_state CHECK (state IN ('open', 'treated', 'closed', 'accepted'))
);
CREATE INDEX ix_risk_accepted_until ON catalog.risk (accepted_until) WHERE state = 'accepted';
CREATE INDEX ix_risk_portfolio_key_score_id ON catalog.risk (portfolio_key, score, id);
CREATE INDEX ix_risk_score_id ON catalog.risk (score, id);
CREATE INDEX ix_risk_service_key_score_id ON catalog.risk (service_key, score, id);
CREATE UNIQUE INDEX uq_risk_portfolio_trend ON catalog.risk (portfolio_key, source_reference)
    WHERE source = 'trend' AND state <> 'closed';
CREATE UNIQUE INDEX uq_risk_service_trend ON catalog.risk (service_key, source_reference)
    WHERE source = 'trend' AND state <> 'closed';
CREATE TABLE catalog.obligation (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    standard TEXT NOT NULL,
    clause TEXT NOT NULL,
    requirement TEXT NOT NULL,
    owner TEXT,
    due DATE,
    warn_days INTEGER NOT NULL,
    ended_on DATE,
    end_reason TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_obligation PRIMARY KEY (id),
    CONSTRAINT fk_obligation_service_key FOREIGN KEY (service_key) REFERENCES catalog.service (key)
);
CREATE UNIQUE INDEX uq_obligation_clause ON catalog.obligation (service_key, standard, clause);
CREATE TABLE catalog.obligation_evidence (
    id UUID NOT NULL,
    obligation_id UUID NOT NULL,
    title TEXT NOT NULL,
    uri TEXT NOT NULL,
    valid_until DATE,
    added_by TEXT NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_obligation_evidence PRIMARY KEY (id),
    CONSTRAINT fk_obligation_evidence_obligation_id FOREIGN KEY (obligation_id)
        REFERENCES catalog.obligation (id)
);
CREATE INDEX ix_obligation_evidence_obligation_id ON catalog.obligation_evidence (obligation_id);
"""
DOWN = """
DROP TABLE catalog.obligation_evidence;
DROP TABLE catalog.obligation;
DROP TABLE catalog.risk;
DROP TABLE catalog.customer_migration;
DROP TABLE catalog.retirement_plan;
DROP TABLE catalog.development_record;
DROP TABLE catalog.plan_approval;
DROP TABLE catalog.plan_version;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
