"""Records of all kinds: end states, versions, transitions."""

from collections.abc import Iterator, Sequence

from alembic import op

from shared.kit.migrations import run_script

revision: str = "20261125_records"
down_revision: str | Sequence[str] | None = "20261125_copies"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATES = "'new', 'in_progress', 'on_hold', 'resolved', 'closed', 'cancelled'"
KINDS = "'request', 'change', 'outage', 'survey', 'infrastructure_event'"

# The catalog's own requests need a source like all others; 0 is no number that a tool can get.
CATALOG = """
INSERT INTO metrics.source (id, key, name, kind, delivery, timezone, state_mapping,
    priority_mapping, active, version, created_at)
OVERRIDING SYSTEM VALUE VALUES (0, 'catalog', 'Requests of the catalog', 'catalog', 'snapshot',
    NULL, '{"submitted": "new", "in_fulfilment": "in_progress", "fulfilled": "closed",
    "cancelled": "cancelled", "rejected": "cancelled"}', '{}', true, 1, now());
ALTER TABLE metrics.import ADD COLUMN kind TEXT NOT NULL DEFAULT 'incident';
ALTER TABLE metrics.import ALTER COLUMN kind DROP DEFAULT;
COMMENT ON COLUMN metrics.import.kind IS 'of the records';
ALTER TABLE metrics.attribution ADD COLUMN kind TEXT;
UPDATE metrics.attribution SET kind = 'incident' WHERE external_id IS NOT NULL;
COMMENT ON COLUMN metrics.attribution.kind IS 'of the one record; null for a name';
ALTER TABLE metrics.request_record RENAME TO old_request;
ALTER TABLE metrics.old_request RENAME CONSTRAINT pk_request_record TO pk_old_request;
ALTER TABLE metrics.old_request RENAME CONSTRAINT ck_request_record_state TO ck_old_request_state;
DROP INDEX metrics.ix_request_record_service_fulfilled_at;
DROP INDEX metrics.ix_request_record_service_opened_at;
"""

RECORD = """
CREATE TABLE metrics.{table} (
    source_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    service TEXT,
    service_name TEXT,
    service_pinned BOOLEAN NOT NULL,
    state TEXT,
    raw_state TEXT,
    title TEXT,
    priority SMALLINT,
    raw_priority TEXT,
    impact TEXT,
    urgency TEXT,
    channel TEXT,
    touchpoint TEXT,
    customer TEXT,
    vendor TEXT,
    vendor_product TEXT,
    assignment_group TEXT,
    {own},
    extra JSONB,
    sent JSONB NOT NULL DEFAULT '{{}}',
    version BIGINT,
    updated_at TIMESTAMPTZ,
    stamped_at TIMESTAMPTZ NOT NULL,
    digest BYTEA NOT NULL,
    versions INTEGER NOT NULL,
    first_received_at TIMESTAMPTZ NOT NULL,
    last_received_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_{table} PRIMARY KEY (source_id, external_id),
    CONSTRAINT ck_{table}_state CHECK (state IN ({states}))
) WITH (fillfactor = 90);
CREATE INDEX ix_{table}_source_id_service_name ON metrics.{table} (source_id, service_name)
    WHERE service IS NULL;
CREATE INDEX ix_{table}_service_{stamp} ON metrics.{table} (service, {stamp});
CREATE INDEX ix_{table}_{stamp} ON metrics.{table} ({stamp});
CREATE INDEX ix_{table}_vendor_product_{stamp} ON metrics.{table} (vendor_product, {stamp})
    WHERE vendor_product IS NOT NULL;
COMMENT ON COLUMN metrics.{table}.service IS 'null: unattributed';
COMMENT ON COLUMN metrics.{table}.service_name IS 'the service in the tool''s words';
COMMENT ON COLUMN metrics.{table}.service_pinned IS
    'attributed by hand, whatever the name says';
COMMENT ON COLUMN metrics.{table}.customer IS 'key of the customer its words mean';
COMMENT ON COLUMN metrics.{table}.vendor IS 'the tool''s words';
COMMENT ON COLUMN metrics.{table}.vendor_product IS 'that the vendor''s words mean';
COMMENT ON COLUMN metrics.{table}.sent IS 'what all versions together say, unread';
COMMENT ON COLUMN metrics.{table}.version IS 'of the newest version, as the rest below';
COMMENT ON COLUMN metrics.{table}.stamped_at IS 'updated_at or its fall-back';
COMMENT ON COLUMN metrics.{table}.versions IS 'how many are kept';
"""

# Table: the stamp that its KPIs count by, the columns of its own.
OWN = {
    "request_record": (
        "fulfilled_at",
        """opened_at TIMESTAMPTZ,
    due_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    fulfilled_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    met BOOLEAN,
    offering TEXT,
    requester TEXT,
    low_value BOOLEAN,
    steps JSONB,
    reopened BOOLEAN NOT NULL,
    reassignment_count INTEGER""",
    ),
    "change_record": (
        "completed_at",
        """opened_at TIMESTAMPTZ,
    planned_start_at TIMESTAMPTZ,
    planned_end_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    outcome TEXT CONSTRAINT ck_change_record_outcome
        CHECK (outcome IN ('successful', 'failed', 'rolled_back')),
    emergency BOOLEAN NOT NULL,
    risk_score SMALLINT NOT NULL DEFAULT 0 CONSTRAINT ck_change_record_risk_score
        CHECK (risk_score BETWEEN 0 AND 100),
    risk_factors JSONB NOT NULL DEFAULT '[]'""",
    ),
    "outage": (
        "started_at",
        """started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    planned BOOLEAN NOT NULL,
    degraded BOOLEAN NOT NULL,
    caused_by TEXT""",
    ),
    "survey": (
        "answered_at",
        """kind TEXT CONSTRAINT ck_survey_kind CHECK (kind IN ('csat', 'nps')),
    sent_at TIMESTAMPTZ,
    answered_at TIMESTAMPTZ,
    score SMALLINT CONSTRAINT ck_survey_score CHECK (
        score BETWEEN CASE kind WHEN 'csat' THEN 1 ELSE 0 END
        AND CASE kind WHEN 'csat' THEN 5 ELSE 10 END
    ),
    comment TEXT,
    about TEXT""",
    ),
    "infrastructure_event": (
        "occurred_at",
        """occurred_at TIMESTAMPTZ,
    cleared_at TIMESTAMPTZ,
    severity TEXT,
    component TEXT""",
    ),
}

FURTHER = f"""
CREATE INDEX ix_request_record_service_opened_at ON metrics.request_record (service, opened_at);
CREATE INDEX ix_request_record_open ON metrics.request_record (service)
    WHERE state IN ('new', 'in_progress', 'on_hold');
CREATE INDEX ix_change_record_service_opened_at ON metrics.change_record (service, opened_at);
CREATE INDEX ix_change_record_assignment_group_completed_at
    ON metrics.change_record (assignment_group, completed_at);
CREATE INDEX ix_change_record_service_planned_start_at
    ON metrics.change_record (service, planned_start_at);
CREATE INDEX ix_change_record_open ON metrics.change_record (service)
    WHERE state IN ('new', 'in_progress', 'on_hold');
CREATE INDEX ix_outage_open ON metrics.outage (service) WHERE ended_at IS NULL;
CREATE INDEX ix_outage_caused_by ON metrics.outage (caused_by) WHERE caused_by IS NOT NULL;
CREATE INDEX ix_survey_about ON metrics.survey (about) WHERE about IS NOT NULL;
CREATE INDEX ix_infrastructure_event_component_occurred_at
    ON metrics.infrastructure_event (component, occurred_at);
COMMENT ON COLUMN metrics.request_record.fulfilled_at IS
    'the tool''s, else the last transition into resolved or closed';
COMMENT ON COLUMN metrics.request_record.ended_at IS 'fulfilled or given up';
COMMENT ON COLUMN metrics.request_record.met IS 'fulfilled when it was due';
COMMENT ON COLUMN metrics.request_record.low_value IS
    'as the tool marks it; null: it does not';
COMMENT ON COLUMN metrics.request_record.reopened IS 'Records rule 6';
COMMENT ON COLUMN metrics.change_record.completed_at IS
    'the tool''s, else the last transition into resolved or closed';
COMMENT ON COLUMN metrics.change_record.outcome IS 'null: none yet, unknown or cancelled';
COMMENT ON COLUMN metrics.change_record.risk_score IS '0 to 100, see records.risk';
COMMENT ON COLUMN metrics.outage.ended_at IS
    'null: open; the tool''s, else the last transition into resolved or closed';
COMMENT ON COLUMN metrics.outage.planned IS 'maintenance that was announced';
COMMENT ON COLUMN metrics.outage.degraded IS 'degradation only: no downtime';
COMMENT ON COLUMN metrics.outage.caused_by IS 'the tool''s id of the causing change';
COMMENT ON COLUMN metrics.survey.kind IS 'null: an unknown one, see sent';
COMMENT ON COLUMN metrics.survey.score IS
    'csat 1-5, nps 0-10; null: no answer, or none of these';
COMMENT ON COLUMN metrics.survey.about IS 'external id of the record it asks about';
COMMENT ON COLUMN metrics.infrastructure_event.cleared_at IS
    'the tool''s, else the last transition into resolved or closed';
COMMENT ON COLUMN metrics.infrastructure_event.severity IS 'the tool''s words';
COMMENT ON COLUMN metrics.infrastructure_event.component IS 'configuration item';
CREATE TABLE metrics.record_version (
    kind TEXT NOT NULL,
    source_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    version BIGINT,
    updated_at TIMESTAMPTZ,
    stamped_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    service TEXT,
    payload JSONB NOT NULL,
    CONSTRAINT ck_record_version_kind CHECK (kind IN ({KINDS}))
) PARTITION BY RANGE (received_at);
CREATE INDEX ix_record_version_kind_source_id_external_id
    ON metrics.record_version (kind, source_id, external_id);
COMMENT ON COLUMN metrics.record_version.digest IS 'SHA-256 of the canonical payload';
COMMENT ON COLUMN metrics.record_version.stamped_at IS 'updated_at or its fall-back';
COMMENT ON COLUMN metrics.record_version.service IS 'as attributed at receipt';
COMMENT ON COLUMN metrics.record_version.payload IS 'only the fields that were sent';
CREATE TABLE metrics.record_version_p_default PARTITION OF metrics.record_version DEFAULT;
CREATE TABLE metrics.record_transition (
    kind TEXT NOT NULL,
    source_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    service TEXT,
    CONSTRAINT pk_record_transition PRIMARY KEY (kind, source_id, external_id, seq),
    CONSTRAINT ck_record_transition_kind CHECK (kind IN ({KINDS})),
    CONSTRAINT ck_record_transition_from_state CHECK (from_state IN ({STATES})),
    CONSTRAINT ck_record_transition_to_state CHECK (to_state IN ({STATES}))
);
CREATE INDEX ix_record_transition_kind_service_at
    ON metrics.record_transition (kind, service, at);
COMMENT ON COLUMN metrics.record_transition.seq IS '1, 2, 3 …';
COMMENT ON COLUMN metrics.record_transition.at IS 'the stamp of the update that carried it';
COMMENT ON COLUMN metrics.record_transition.service IS 'copy of the record''s';
"""

# Requests came from the catalog alone, as whole snapshots. Their versions keep the digests of the
# words they were told in; a late repeat of one adds a version that says the same.
CARRY_OVER = """
INSERT INTO metrics.record_version (kind, source_id, external_id, digest, version, updated_at,
    stamped_at, received_at, service, payload)
SELECT 'request', 0, external_id, digest, version, updated_at, updated_at, received_at,
    payload->>'service', jsonb_build_object('external_id', external_id, 'version', version,
        'updated_at', updated_at, 'state', payload->'state', 'service', payload->'service',
        'offering', payload->'offering', 'customer', payload->'customer',
        'impact', payload->'impact', 'urgency', payload->'urgency',
        'priority', payload->'priority', 'opened_at', payload->'submitted_at',
        'due_at', payload->'due_at', 'started_at', payload->'started_at',
        'fulfilled_at', payload->'fulfilled_at', 'ended_at', payload->'ended_at',
        'met', payload->'met', 'steps', payload->'steps',
        'extra', jsonb_build_object('offering_version', payload->'offering_version'))
FROM metrics.request_record_version;
INSERT INTO metrics.request_record (source_id, external_id, service, service_name,
    service_pinned, state, raw_state, priority, raw_priority, impact, urgency, customer,
    opened_at, due_at, started_at, fulfilled_at, ended_at, met, offering, steps, reopened,
    extra, sent, version, updated_at, stamped_at, digest, versions, first_received_at,
    last_received_at)
SELECT 0, o.external_id, o.service, o.service, false, o.state, o.raw_state, o.priority,
    o.priority::text, o.impact, o.urgency, o.customer, o.opened_at, o.due_at, o.started_at,
    o.fulfilled_at, o.ended_at, o.met, o.offering, o.steps, false, v.payload->'extra',
    v.payload, o.version, o.updated_at, o.updated_at, o.digest, o.versions,
    o.first_received_at, o.last_received_at
FROM metrics.old_request o JOIN metrics.record_version v
    ON v.external_id = o.external_id AND v.version = o.version AND v.digest = o.digest;
INSERT INTO metrics.record_transition (kind, source_id, external_id, seq, at, from_state,
    to_state, service)
SELECT 'request', 0, external_id,
    row_number() OVER (PARTITION BY external_id ORDER BY version, updated_at, digest),
    updated_at, before, state, service
FROM (
    SELECT v.external_id, v.version, v.updated_at, v.digest, r.service, m.state,
        lag(m.state) OVER (
            PARTITION BY v.external_id ORDER BY v.version, v.updated_at, v.digest
        ) AS before
    FROM metrics.record_version v
    JOIN metrics.request_record r USING (source_id, external_id)
    JOIN metrics.source s ON s.id = v.source_id
    CROSS JOIN LATERAL (SELECT s.state_mapping->>(v.payload->>'state') AS state) m
) AS told WHERE before IS DISTINCT FROM state;
DROP TABLE metrics.request_record_version, metrics.old_request;
"""

# Every table of ours that is partitioned by a range of its receipts; as before, a month whose rows
# went to the default partition (the job did not run) stays there.
MAKE_VERSION_PARTITIONS = """
CREATE OR REPLACE FUNCTION metrics.make_version_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' SET timezone = 'UTC' AS $$
DECLARE
    parent text;
    start_at timestamptz;
    end_at timestamptz;
    part text;
    waiting boolean;
    made integer := 0;
BEGIN
    FOR parent IN
        SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
        WHERE c.relnamespace = 'metrics'::regnamespace AND p.partstrat = 'r'
        AND a.attname = 'received_at' AND p.partdefid <> 0 ORDER BY c.relname
    LOOP
        FOR month IN 0..least(months_ahead, 24) LOOP
            start_at := date_trunc('month', now()) + make_interval(months => month);
            end_at := start_at + interval '1 month';
            part := parent || '_p_' || to_char(start_at, 'YYYY_MM');
            CONTINUE WHEN to_regclass('metrics.' || part) IS NOT NULL;
            EXECUTE format(
                'SELECT EXISTS (SELECT FROM metrics.%I WHERE received_at >= %L'
                ' AND received_at < %L)', parent || '_p_default', start_at, end_at
            ) INTO waiting;
            CONTINUE WHEN waiting;
            EXECUTE format(
                'CREATE TABLE metrics.%I PARTITION OF metrics.%I'
                ' FOR VALUES FROM (%L) TO (%L)', part, parent, start_at, end_at
            );
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""

# What only the catalog tells goes back to where it was; other kinds and sources had no place.
DOWN = f"""
CREATE TABLE metrics.old_request (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    service TEXT,
    offering TEXT,
    customer TEXT,
    state TEXT,
    raw_state TEXT,
    impact TEXT,
    urgency TEXT,
    priority SMALLINT,
    opened_at TIMESTAMPTZ,
    due_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    fulfilled_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    met BOOLEAN,
    steps JSONB NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    digest BYTEA NOT NULL,
    versions INTEGER NOT NULL,
    first_received_at TIMESTAMPTZ NOT NULL,
    last_received_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE metrics.request_record_version (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_request_record_version PRIMARY KEY (source, external_id, version, digest)
);
CREATE INDEX ix_request_record_version_source_external_id_received_at_digest
    ON metrics.request_record_version (source, external_id, received_at, digest);
COMMENT ON COLUMN metrics.request_record_version.digest IS 'SHA-256 of the canonical payload';
INSERT INTO metrics.old_request
SELECT 'catalog', external_id, service, offering, customer, state, raw_state, impact, urgency,
    priority, opened_at, due_at, started_at, fulfilled_at, ended_at, met, steps, version,
    updated_at, digest, versions, first_received_at, last_received_at
FROM metrics.request_record WHERE source_id = 0;
INSERT INTO metrics.request_record_version
SELECT DISTINCT ON (external_id, version, digest) 'catalog', external_id, version, digest,
    updated_at, received_at, jsonb_build_object('number', external_id, 'revision', version,
        'updated_at', payload->'updated_at', 'state', payload->'state',
        'service', payload->'service', 'offering', payload->'offering',
        'offering_version', payload->'extra'->'offering_version',
        'customer', payload->'customer', 'impact', payload->'impact',
        'urgency', payload->'urgency', 'priority', payload->'priority',
        'submitted_at', payload->'opened_at', 'due_at', payload->'due_at',
        'started_at', payload->'started_at', 'fulfilled_at', payload->'fulfilled_at',
        'ended_at', payload->'ended_at', 'met', payload->'met', 'steps', payload->'steps')
FROM metrics.record_version WHERE kind = 'request' AND source_id = 0;
DROP TABLE metrics.record_transition, metrics.record_version, metrics.infrastructure_event,
    metrics.survey, metrics.outage, metrics.change_record, metrics.request_record;
ALTER TABLE metrics.old_request RENAME TO request_record;
ALTER TABLE metrics.request_record
    ADD CONSTRAINT pk_request_record PRIMARY KEY (source, external_id),
    ADD CONSTRAINT ck_request_record_state CHECK (state IN ({STATES}));
CREATE INDEX ix_request_record_service_fulfilled_at
    ON metrics.request_record (service, fulfilled_at);
CREATE INDEX ix_request_record_service_opened_at ON metrics.request_record (service, opened_at);
COMMENT ON COLUMN metrics.request_record.raw_state IS 'the state in the source''s words';
COMMENT ON COLUMN metrics.request_record.ended_at IS 'fulfilled or given up';
COMMENT ON COLUMN metrics.request_record.met IS 'fulfilled when it was due';
COMMENT ON COLUMN metrics.request_record.version IS 'of the newest version, as the two below';
COMMENT ON COLUMN metrics.request_record.versions IS 'how many are kept';
ALTER TABLE metrics.attribution DROP COLUMN kind;
ALTER TABLE metrics.import DROP COLUMN kind;
DELETE FROM metrics.source WHERE id = 0;
"""  # noqa: S608 - our own names of states


def upgrade() -> None:
    run_script(CATALOG)
    for script in _record_tables():
        run_script(script)
    run_script(FURTHER)
    run_script(CARRY_OVER)
    op.execute(MAKE_VERSION_PARTITIONS)
    op.execute("SELECT metrics.make_version_partitions(3)")


def downgrade() -> None:
    """The function stays: it makes partitions of whatever is partitioned."""
    run_script(DOWN)


def _record_tables() -> Iterator[str]:
    for table, (stamp, own) in OWN.items():
        yield RECORD.format(table=table, stamp=stamp, own=own, states=STATES)
