"""Versions of key result areas, and links that were undrawn: what was known of a tree before."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_tiers_before"
down_revision: str | Sequence[str] | None = "20261126_samples_before"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of a key result area that there is, nothing is kept but what it says since it was last changed.
UP = """
CREATE TABLE metrics.kra_version (
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    data JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_kra_version PRIMARY KEY (key, version)
);
INSERT INTO metrics.kra_version (key, version, data, recorded_at, recorded_by)
SELECT k.key, k.version, to_jsonb(k) || jsonb_build_object('kpis', coalesce(m.kpis, '[]')),
    k.updated_at, 'migration'
FROM metrics.kra k LEFT JOIN (
    SELECT kra, jsonb_agg(
        jsonb_build_object('kpi', kpi, 'service', service) ORDER BY kpi, service
    ) AS kpis
    FROM metrics.kra_kpi GROUP BY kra
) AS m ON m.kra = k.key;
CREATE TABLE metrics.tier_link_before (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    upper TEXT NOT NULL,
    lower TEXT NOT NULL,
    linked_at TIMESTAMPTZ NOT NULL,
    linked_by TEXT NOT NULL,
    unlinked_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_tier_link_before PRIMARY KEY (id)
);
CREATE INDEX ix_tier_link_before_kind_upper ON metrics.tier_link_before (kind, upper);
"""
DOWN = "DROP TABLE metrics.tier_link_before, metrics.kra_version"


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
