"""Reports that were issued; every version of copies of services and of initiatives."""

from collections.abc import Sequence

from shared.kit.migrations import run_script

revision: str = "20261125_issued"
down_revision: str | Sequence[str] | None = "20261125_trends"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
CREATE TABLE metrics.issued_report (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    parameters JSONB NOT NULL,
    as_of TIMESTAMPTZ,
    rows INTEGER NOT NULL,
    sha256 BYTEA NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    issued_by TEXT NOT NULL,
    CONSTRAINT pk_issued_report PRIMARY KEY (id),
    CONSTRAINT ck_issued_report_kind CHECK (kind IN ('performance'))
);
CREATE INDEX ix_issued_report_issued_at_id ON metrics.issued_report (issued_at, id);
COMMENT ON COLUMN metrics.issued_report.as_of IS 'null: as it stood when it was issued';
CREATE TABLE metrics.issued_document (
    report_id UUID NOT NULL,
    format TEXT NOT NULL,
    media_type TEXT NOT NULL,
    body BYTEA NOT NULL,
    size INTEGER NOT NULL,
    sha256 BYTEA NOT NULL,
    CONSTRAINT pk_issued_document PRIMARY KEY (report_id, format),
    CONSTRAINT fk_issued_document_report_id FOREIGN KEY (report_id)
        REFERENCES metrics.issued_report (id),
    CONSTRAINT ck_issued_document_format CHECK (format IN ('json', 'csv', 'html'))
);
COMMENT ON COLUMN metrics.issued_document.size IS 'bytes of the body';
COMMENT ON COLUMN metrics.issued_document.sha256 IS 'of the body';
CREATE TABLE metrics.service_version (
    key TEXT NOT NULL,
    revision BIGINT NOT NULL,
    name TEXT NOT NULL,
    portfolio TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_service_version PRIMARY KEY (key, revision)
);
INSERT INTO metrics.service_version (key, revision, name, portfolio, recorded_at)
    SELECT key, revision, name, portfolio, recorded_at FROM metrics.service_copy;
CREATE TABLE metrics.initiative_version (
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    service TEXT NOT NULL,
    kpi TEXT NOT NULL,
    title TEXT NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE,
    state TEXT NOT NULL,
    plan TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_initiative_version PRIMARY KEY (id, revision)
);
INSERT INTO metrics.initiative_version
    (id, revision, service, kpi, title, starts_on, ends_on, state, plan, recorded_at)
    SELECT id, revision, service, kpi, title, starts_on, ends_on, state, plan, recorded_at
    FROM metrics.initiative;
"""
DOWN = """
DROP TABLE metrics.initiative_version;
DROP TABLE metrics.service_version;
DROP TABLE metrics.issued_document;
DROP TABLE metrics.issued_report;
"""


def upgrade() -> None:
    run_script(UP)


def downgrade() -> None:
    run_script(DOWN)
