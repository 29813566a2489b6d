"""How services stand to the ten processes."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_embedding"
down_revision: str | Sequence[str] | None = "20261125_documents"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE improvement.process_standing (
    process VARCHAR(40) NOT NULL,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    lived BOOLEAN,
    missing TEXT[] NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_process_standing PRIMARY KEY (process, service),
    CONSTRAINT ck_process_standing_process CHECK (process IN (
        'service_strategy_definition', 'service_roadmap_definition',
        'service_development_management', 'service_lifecycle_management',
        'service_financial_management', 'service_catalog_management',
        'service_performance_management', 'vendor_product_management',
        'continuous_service_improvement', 'service_continuity_management'))
);
CREATE INDEX ix_process_standing_service ON improvement.process_standing (service);
"""
DOWN = """
DROP TABLE improvement.process_standing;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
