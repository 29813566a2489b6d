"""Exchange rates, cost items, charging, consumption, benchmarks, continuity plans and tests."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261122_financials"
down_revision: str | Sequence[str] | None = "20261122_dependencies"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE catalog.exchange_rate (
    id UUID NOT NULL,
    from_currency TEXT NOT NULL,
    to_currency TEXT NOT NULL,
    rate NUMERIC(20, 10) NOT NULL,
    valid_from DATE NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_exchange_rate PRIMARY KEY (id),
    CONSTRAINT uq_exchange_rate_from_currency_to_currency_valid_from
        UNIQUE (from_currency, to_currency, valid_from),
    CONSTRAINT ck_exchange_rate_rate CHECK (rate > 0),
    CONSTRAINT ck_exchange_rate_pair CHECK (from_currency <> to_currency)
);
CREATE TABLE catalog.cost_item (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    name TEXT NOT NULL,
    category VARCHAR(40) NOT NULL,
    kind VARCHAR(40) NOT NULL,
    amount NUMERIC(18, 4) NOT NULL,
    currency TEXT NOT NULL,
    per VARCHAR(40),
    starts_on DATE NOT NULL,
    ends_on DATE,
    amortisation_months INTEGER,
    residual_value NUMERIC(18, 4),
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_cost_item PRIMARY KEY (id),
    CONSTRAINT fk_cost_item_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_cost_item_category CHECK (
        category IN ('labour', 'hardware', 'software', 'vendor', 'facility', 'other')
    ),
    CONSTRAINT ck_cost_item_kind CHECK (kind IN ('opex', 'capex')),
    CONSTRAINT ck_cost_item_per CHECK (per IN ('month', 'quarter', 'year', 'once')),
    CONSTRAINT ck_cost_item_kind_fields CHECK (
        CASE kind
            WHEN 'opex' THEN
                per IS NOT NULL AND amortisation_months IS NULL AND residual_value IS NULL
            ELSE
                per IS NULL AND amortisation_months > 0 AND residual_value BETWEEN 0 AND amount
        END
    ),
    CONSTRAINT ck_cost_item_ends_on CHECK (ends_on >= starts_on - 1)
);
CREATE INDEX ix_cost_item_service_key_starts_on_id
    ON catalog.cost_item (service_key, starts_on, id);
CREATE TABLE catalog.charging_model (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    valid_from DATE NOT NULL,
    kind VARCHAR(40) NOT NULL,
    currency TEXT NOT NULL,
    terms JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_charging_model PRIMARY KEY (id),
    CONSTRAINT uq_charging_model_service_key_valid_from UNIQUE (service_key, valid_from),
    CONSTRAINT fk_charging_model_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_charging_model_kind CHECK (
        kind IN ('none', 'flat', 'per_user', 'per_unit', 'tiered')
    )
);
CREATE TABLE catalog.consumption (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    month DATE NOT NULL,
    customer_key TEXT,
    users INTEGER NOT NULL,
    units NUMERIC(18, 4) NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_consumption PRIMARY KEY (id),
    CONSTRAINT uq_consumption_service_key_month_customer_key
        UNIQUE NULLS NOT DISTINCT (service_key, month, customer_key),
    CONSTRAINT fk_consumption_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT fk_consumption_customer_key FOREIGN KEY (customer_key)
        REFERENCES catalog.customer (key),
    CONSTRAINT ck_consumption_amounts CHECK (users >= 0 AND units >= 0)
);
CREATE INDEX ix_consumption_customer_key ON catalog.consumption (customer_key);
CREATE INDEX ix_consumption_service_key_month_id
    ON catalog.consumption (service_key, month, id);
CREATE TABLE catalog.charge (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    month DATE NOT NULL,
    customer_key TEXT,
    reference TEXT NOT NULL,
    amount NUMERIC(18, 4) NOT NULL,
    currency TEXT NOT NULL,
    state VARCHAR(40) NOT NULL,
    recovered_on DATE,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_charge PRIMARY KEY (id),
    CONSTRAINT uq_charge_service_key_reference UNIQUE (service_key, reference),
    CONSTRAINT fk_charge_service_key FOREIGN KEY (service_key) REFERENCES catalog.service (key),
    CONSTRAINT fk_charge_customer_key FOREIGN KEY (customer_key)
        REFERENCES catalog.customer (key),
    CONSTRAINT ck_charge_amount CHECK (amount >= 0),
    CONSTRAINT ck_charge_state CHECK (state IN ('invoiced', 'recovered', 'cancelled')),
    CONSTRAINT ck_charge_recovered_on CHECK ((recovered_on IS NOT NULL) = (state = 'recovered'))
);
CREATE INDEX ix_charge_customer_key ON catalog.charge (customer_key);
CREATE INDEX ix_charge_service_key_month_id ON catalog.charge (service_key, month, id);
CREATE TABLE catalog.benchmark (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    measure VARCHAR(40) NOT NULL,
    value NUMERIC(18, 4) NOT NULL,
    currency TEXT,
    unit TEXT NOT NULL,
    source TEXT NOT NULL,
    published_on DATE NOT NULL,
    url TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_benchmark PRIMARY KEY (id),
    CONSTRAINT fk_benchmark_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_benchmark_measure CHECK (
        measure IN ('unit_cost', 'user_cost', 'month_cost', 'recovery_ratio')
    ),
    CONSTRAINT ck_benchmark_currency CHECK ((currency IS NULL) = (measure = 'recovery_ratio'))
);
CREATE INDEX ix_benchmark_service_key_published_on_id
    ON catalog.benchmark (service_key, published_on, id);
CREATE TABLE catalog.continuity_plan (
    service_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    state VARCHAR(40) NOT NULL,
    tier SMALLINT NOT NULL,
    rto_hours NUMERIC(10, 2) NOT NULL,
    rpo_hours NUMERIC(10, 2) NOT NULL,
    mtpd_hours NUMERIC(10, 2) NOT NULL,
    strategy TEXT NOT NULL,
    steps JSONB NOT NULL,
    contacts JSONB NOT NULL,
    test_cadence_days INTEGER NOT NULL,
    authors TEXT[] NOT NULL,
    text_hash TEXT NOT NULL,
    approved_by TEXT,
    approved_as TEXT,
    approved_at TIMESTAMPTZ,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_continuity_plan PRIMARY KEY (service_key, version),
    CONSTRAINT fk_continuity_plan_service_key FOREIGN KEY (service_key)
        REFERENCES catalog.service (key),
    CONSTRAINT ck_continuity_plan_state CHECK (
        state IN ('draft', 'in_review', 'approved', 'superseded')
    ),
    CONSTRAINT ck_continuity_plan_tier CHECK (tier BETWEEN 1 AND 4),
    CONSTRAINT ck_continuity_plan_hours CHECK (
        rpo_hours >= 0 AND rto_hours BETWEEN 0 AND mtpd_hours
    )
);
CREATE UNIQUE INDEX uq_continuity_plan_approved ON catalog.continuity_plan (service_key)
    WHERE state = 'approved';
CREATE UNIQUE INDEX uq_continuity_plan_open ON catalog.continuity_plan (service_key)
    WHERE state IN ('draft', 'in_review');
CREATE TABLE catalog.continuity_test (
    id UUID NOT NULL,
    service_key TEXT NOT NULL,
    plan_version INTEGER NOT NULL,
    performed_on DATE NOT NULL,
    kind VARCHAR(40) NOT NULL,
    result VARCHAR(40) NOT NULL,
    achieved_rto_hours NUMERIC(10, 2),
    achieved_rpo_hours NUMERIC(10, 2),
    findings TEXT NOT NULL,
    evidence_uri TEXT,
    recorded_by TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_continuity_test PRIMARY KEY (id),
    CONSTRAINT fk_continuity_test_service_key_plan_version
        FOREIGN KEY (service_key, plan_version)
        REFERENCES catalog.continuity_plan (service_key, version),
    CONSTRAINT ck_continuity_test_kind CHECK (kind IN ('tabletop', 'simulation', 'failover')),
    CONSTRAINT ck_continuity_test_result CHECK (result IN ('passed', 'partly', 'failed')),
    CONSTRAINT ck_continuity_test_achieved CHECK (
        achieved_rto_hours >= 0 AND achieved_rpo_hours >= 0
    )
);
CREATE INDEX ix_continuity_test_service_key_performed_on_id
    ON catalog.continuity_test (service_key, performed_on, id)
"""
DOWN = """
DROP TABLE catalog.continuity_test, catalog.continuity_plan;
DROP TABLE catalog.benchmark, catalog.charge, catalog.consumption, catalog.charging_model;
DROP TABLE catalog.cost_item, catalog.exchange_rate
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
