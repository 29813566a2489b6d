"""What tools sent, raw, and how it is pulled."""

from collections.abc import Sequence

from alembic import op

from shared.kit.migrations import run_script

revision: str = "20261125_inbox"
down_revision: str | Sequence[str] | None = "20261125_records"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The runtime role owns no table and may not delete what is append-only, so functions of the owner
# make the partitions and forget bodies whose time is over.
MAKE_BODY_PARTITIONS = """
CREATE FUNCTION metrics.make_body_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' SET timezone = 'UTC' AS $$
DECLARE
    start_at timestamptz;
    end_at timestamptz;
    part text;
    made integer := 0;
BEGIN
    FOR month IN 0..least(months_ahead, 24) LOOP
        start_at := date_trunc('month', now()) + make_interval(months => month);
        end_at := start_at + interval '1 month';
        part := 'received_body_p_' || to_char(start_at, 'YYYY_MM');
        CONTINUE WHEN to_regclass('metrics.' || part) IS NOT NULL;
        CONTINUE WHEN EXISTS (
            SELECT FROM metrics.received_body_p_default
            WHERE received_at >= start_at AND received_at < end_at
        );
        EXECUTE format(
            'CREATE TABLE metrics.%I PARTITION OF metrics.received_body'
            ' FOR VALUES FROM (%L) TO (%L)', part, start_at, end_at
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""
FORGET_RECEIVED = """
CREATE FUNCTION metrics.forget_received(at_most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT r.id, r.received_at FROM metrics.receipt r
        JOIN metrics.source s ON s.id = r.source_id
        WHERE r.state <> 'pending'
          AND r.received_at < now() - make_interval(days => s.retention_days)
        LIMIT at_most
    ), bodies AS (
        DELETE FROM metrics.received_body b USING old
        WHERE b.receipt_id = old.id AND b.received_at = old.received_at
    ), gone AS (
        DELETE FROM metrics.receipt r USING old WHERE r.id = old.id RETURNING 1
    )
    SELECT count(*)::integer FROM gone
$$
"""

UP = """
ALTER TABLE metrics.source
    ADD COLUMN signature JSONB,
    ADD COLUMN field_mapping JSONB DEFAULT '{}' NOT NULL,
    ADD COLUMN kind_mapping JSONB DEFAULT '{}' NOT NULL,
    ADD COLUMN record_kind TEXT,
    ADD COLUMN retention_days INTEGER DEFAULT 30 NOT NULL,
    ADD CONSTRAINT ck_source_record_kind CHECK (record_kind IN (
        'incident', 'request', 'change', 'outage', 'survey', 'infrastructure_event'));
COMMENT ON COLUMN metrics.source.signature IS
    'how deliveries are signed; null: as the kind does';
COMMENT ON COLUMN metrics.source.field_mapping IS 'our field to a JMESPath expression';
COMMENT ON COLUMN metrics.source.kind_mapping IS
    'the tool''s word for a kind of record to ours';
COMMENT ON COLUMN metrics.source.record_kind IS 'where the tool does not say';
COMMENT ON COLUMN metrics.source.retention_days IS 'how long raw bodies are kept';
CREATE TABLE metrics.source_version (
    source_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by TEXT NOT NULL,
    settings JSONB NOT NULL,
    CONSTRAINT pk_source_version PRIMARY KEY (source_id, version)
);
CREATE INDEX ix_source_version_source_id_recorded_at
    ON metrics.source_version (source_id, recorded_at);
COMMENT ON COLUMN metrics.source_version.settings IS 'the source as it is shown';
INSERT INTO metrics.source_version (source_id, version, recorded_at, recorded_by, settings)
    SELECT id, version, created_at, 'migration', to_jsonb(source.*) - 'id' FROM metrics.source;
CREATE TABLE metrics.source_secret (
    id TEXT NOT NULL,
    source_id INTEGER NOT NULL,
    secret TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    CONSTRAINT pk_source_secret PRIMARY KEY (id),
    CONSTRAINT fk_source_secret_source_id_source
        FOREIGN KEY (source_id) REFERENCES metrics.source (id)
);
CREATE INDEX ix_source_secret_source_id_id ON metrics.source_secret (source_id, id);
CREATE TABLE metrics.receipt (
    id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    source_id INTEGER NOT NULL,
    repeat_key TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    size INTEGER NOT NULL,
    state TEXT NOT NULL,
    processed_at TIMESTAMPTZ,
    attempts INTEGER NOT NULL,
    outcome JSONB,
    CONSTRAINT pk_receipt PRIMARY KEY (id),
    CONSTRAINT ck_receipt_state
        CHECK (state IN ('pending', 'processed', 'ignored', 'failed'))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX uq_receipt_source_id_repeat_key ON metrics.receipt (source_id, repeat_key);
CREATE INDEX ix_receipt_source_id_received_at ON metrics.receipt (source_id, received_at);
CREATE INDEX ix_receipt_pending ON metrics.receipt (id) WHERE state = 'pending';
COMMENT ON COLUMN metrics.receipt.repeat_key IS 'names the delivery: a repeat has the same';
COMMENT ON COLUMN metrics.receipt.outcome IS 'records, what was ignored, what failed';
CREATE TABLE metrics.received_body (
    receipt_id BIGINT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    source_id INTEGER NOT NULL,
    headers JSONB NOT NULL,
    body BYTEA NOT NULL,
    CONSTRAINT pk_received_body PRIMARY KEY (receipt_id, received_at)
) PARTITION BY RANGE (received_at);
COMMENT ON COLUMN metrics.received_body.headers IS 'those that carry no secret';
CREATE TABLE metrics.received_body_p_default PARTITION OF metrics.received_body DEFAULT;
CREATE TABLE metrics.pull (
    source_id INTEGER NOT NULL,
    tool TEXT NOT NULL,
    url TEXT NOT NULL,
    subject TEXT NOT NULL,
    username TEXT,
    password TEXT,
    condition TEXT,
    interval_seconds INTEGER NOT NULL,
    page_size INTEGER NOT NULL,
    overlap_seconds INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    cursor_at TIMESTAMPTZ,
    next_run_at TIMESTAMPTZ NOT NULL,
    last_run_at TIMESTAMPTZ,
    last_success_at TIMESTAMPTZ,
    last_error TEXT,
    failures INTEGER NOT NULL,
    records BIGINT NOT NULL,
    CONSTRAINT pk_pull PRIMARY KEY (source_id),
    CONSTRAINT ck_pull_tool CHECK (tool IN ('servicenow', 'itop')),
    CONSTRAINT fk_pull_source_id_source
        FOREIGN KEY (source_id) REFERENCES metrics.source (id)
);
COMMENT ON COLUMN metrics.pull.subject IS 'the table or class';
COMMENT ON COLUMN metrics.pull.condition IS 'a further condition in the tool''s query language';
COMMENT ON COLUMN metrics.pull.cursor_at IS 'the newest update that was taken in';
COMMENT ON COLUMN metrics.pull.records IS 'taken in so far, repeats included';
"""
DOWN = """
DROP FUNCTION metrics.forget_received(integer);
DROP FUNCTION metrics.make_body_partitions(integer);
DROP TABLE metrics.pull;
DROP TABLE metrics.received_body;
DROP TABLE metrics.receipt;
DROP TABLE metrics.source_secret;
DROP TABLE metrics.source_version;
ALTER TABLE metrics.source
    DROP CONSTRAINT ck_source_record_kind,
    DROP COLUMN retention_days,
    DROP COLUMN record_kind,
    DROP COLUMN kind_mapping,
    DROP COLUMN field_mapping,
    DROP COLUMN signature;
"""


def upgrade() -> None:
    run_script(UP)
    op.execute(MAKE_BODY_PARTITIONS)
    op.execute(FORGET_RECEIVED)
    op.execute("SELECT metrics.make_body_partitions(3)")


def downgrade() -> None:
    run_script(DOWN)
