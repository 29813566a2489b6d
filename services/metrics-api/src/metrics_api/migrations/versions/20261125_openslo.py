"""Prometheus servers, the state of their queries, and data sources of OpenSLO."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_openslo"
down_revision: str | Sequence[str] | None = "20261125_issued"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.prometheus_server (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    token TEXT,
    active BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_prometheus_server PRIMARY KEY (key)
);
COMMENT ON COLUMN metrics.prometheus_server.url IS 'up to where /api/v1 begins';
CREATE TABLE metrics.prometheus_query (
    sli TEXT NOT NULL,
    queried_until TIMESTAMPTZ,
    last_run_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    failures INTEGER NOT NULL,
    CONSTRAINT pk_prometheus_query PRIMARY KEY (sli),
    CONSTRAINT fk_prometheus_query_sli FOREIGN KEY (sli) REFERENCES metrics.sli (key)
);
COMMENT ON COLUMN metrics.prometheus_query.failures IS 'in a row';
CREATE TABLE metrics.openslo_data_source (
    name TEXT NOT NULL,
    document JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_openslo_data_source PRIMARY KEY (name)
);
COMMENT ON COLUMN metrics.openslo_data_source.document IS 'as it was sent, without secrets';
"""
DOWN = """
DROP TABLE metrics.openslo_data_source, metrics.prometheus_query, metrics.prometheus_server;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
