"""Versions of critical success factors: what was known of them before."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261126_factors_before"
down_revision: str | Sequence[str] | None = "20261126_tiers_before"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of a factor that there is, nothing is kept but what it says since it was last changed.
UP = """
CREATE TABLE metrics.success_factor_version (
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    data JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    CONSTRAINT pk_success_factor_version PRIMARY KEY (key, version)
);
INSERT INTO metrics.success_factor_version (key, version, data, recorded_at, recorded_by)
SELECT f.key, f.version, to_jsonb(f) || jsonb_build_object('kpis', m.kpis),
    f.updated_at, 'migration'
FROM metrics.success_factor f CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(
        jsonb_build_object('kpi', k.kpi, 'service', k.service) ORDER BY k.kpi, k.service
    ), '[]') AS kpis
    FROM metrics.success_factor_kpi k WHERE k.factor = f.key
) AS m;
"""
DOWN = "DROP TABLE metrics.success_factor_version"


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
