"""All tables of the first release, and the function that makes partitions ahead."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The runtime role owns no table, so a function of the owner makes the partitions. A month whose
# rows went to the default partition (the job did not run) stays there.
MAKE_VERSION_PARTITIONS = """
CREATE FUNCTION metrics.make_version_partitions(months_ahead integer) RETURNS integer
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
        part := 'incident_version_p_' || to_char(start_at, 'YYYY_MM');
        CONTINUE WHEN to_regclass('metrics.' || part) IS NOT NULL;
        CONTINUE WHEN EXISTS (
            SELECT FROM metrics.incident_version_p_default
            WHERE received_at >= start_at AND received_at < end_at
        );
        EXECUTE format(
            'CREATE TABLE metrics.%I PARTITION OF metrics.incident_version'
            ' FOR VALUES FROM (%L) TO (%L)', part, start_at, end_at
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "attribution",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("service_name", sa.Text(), nullable=True),
        sa.Column(
            "words", sa.Text(), nullable=True, comment="the name as it is compared: without case"
        ),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribution")),
        schema="metrics",
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_attribution_source_id_external_id"),
        "attribution",
        ["source_id", "external_id"],
        unique=False,
        schema="metrics",
    )
    op.create_index(
        op.f("ix_attribution_words"), "attribution", ["words"], unique=False, schema="metrics"
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        schema="metrics",
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_audit_entry_resource_key_id"),
        "audit_entry",
        ["resource", "key", "id"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "cell",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("unacknowledged", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_us", sa.Numeric(), nullable=False),
        sa.Column("acknowledged_negative_duration", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_no_opening_time", sa.BigInteger(), nullable=False),
        sa.Column("resolved", sa.BigInteger(), nullable=False),
        sa.Column("resolved_us", sa.Numeric(), nullable=False),
        sa.Column("resolved_negative_duration", sa.BigInteger(), nullable=False),
        sa.Column("resolved_no_opening_time", sa.BigInteger(), nullable=False),
        sa.Column("resolved_reopened", sa.BigInteger(), nullable=False),
        sa.Column("first_contact_base", sa.BigInteger(), nullable=False),
        sa.Column("first_contact", sa.BigInteger(), nullable=False),
        sa.Column("no_resolution_time", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("move_opened", sa.BigInteger(), nullable=False),
        sa.Column("move_reopened", sa.BigInteger(), nullable=False),
        sa.Column("move_resolved", sa.BigInteger(), nullable=False),
        sa.Column("move_closed_unresolved", sa.BigInteger(), nullable=False),
        sa.Column("move_cancelled", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("grain IN ('d', 'm')", name=op.f("ck_cell_grain")),
        sa.PrimaryKeyConstraint("service", "grain", "start", name=op.f("pk_cell")),
        schema="metrics",
    )
    op.create_table(
        "cell_delta",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=True),
        sa.Column("unacknowledged", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_us", sa.Numeric(), nullable=True),
        sa.Column("acknowledged_negative_duration", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_no_opening_time", sa.BigInteger(), nullable=True),
        sa.Column("resolved", sa.BigInteger(), nullable=True),
        sa.Column("resolved_us", sa.Numeric(), nullable=True),
        sa.Column("resolved_negative_duration", sa.BigInteger(), nullable=True),
        sa.Column("resolved_no_opening_time", sa.BigInteger(), nullable=True),
        sa.Column("resolved_reopened", sa.BigInteger(), nullable=True),
        sa.Column("first_contact_base", sa.BigInteger(), nullable=True),
        sa.Column("first_contact", sa.BigInteger(), nullable=True),
        sa.Column("no_resolution_time", sa.BigInteger(), nullable=True),
        sa.Column("cancelled", sa.BigInteger(), nullable=True),
        sa.Column("move_opened", sa.BigInteger(), nullable=True),
        sa.Column("move_reopened", sa.BigInteger(), nullable=True),
        sa.Column("move_resolved", sa.BigInteger(), nullable=True),
        sa.Column("move_closed_unresolved", sa.BigInteger(), nullable=True),
        sa.Column("move_cancelled", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("service", "day", "id", name=op.f("pk_cell_delta")),
        schema="metrics",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("client", "path", "key", name=op.f("pk_idempotency_key")),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_idempotency_key_created_at"),
        "idempotency_key",
        ["created_at"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True, comment="why it is incomplete"),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "advanced_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="when its last chunk was committed",
        ),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("repeated", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'complete', 'incomplete')", name=op.f("ck_import_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_import_started_at_id"),
        "import",
        ["started_at", "id"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "incident",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("service_name", sa.Text(), nullable=True),
        sa.Column(
            "service_pinned",
            sa.Boolean(),
            nullable=False,
            comment="attributed record by record: its service name no longer matters",
        ),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("raw_state", sa.Text(), nullable=True, comment="the state in the tool's words"),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=True),
        sa.Column("raw_priority", sa.Text(), nullable=True),
        sa.Column("impact", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("assignment_group", sa.Text(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("reassignment_count", sa.Integer(), nullable=True),
        sa.Column("reopen_count", sa.Integer(), nullable=True),
        sa.Column("first_contact", sa.Boolean(), nullable=True),
        sa.Column("major_flag", sa.Boolean(), nullable=True),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "acknowledged_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="as the tool sent it",
        ),
        sa.Column(
            "resolved_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="as the tool sent it",
        ),
        sa.Column(
            "sends_resolved_at",
            sa.Boolean(),
            nullable=False,
            comment="some version carried resolved_at",
        ),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "acknowledgement_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Records rule 7",
        ),
        sa.Column(
            "resolution_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Records rule 3",
        ),
        sa.Column("exclusion", sa.Text(), nullable=True, comment="why a resolution does not count"),
        sa.Column("reopened", sa.Boolean(), nullable=False, comment="Records rule 6"),
        sa.Column("extra", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=True,
            comment="of the newest version, as the rest below",
        ),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "stamped_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="updated_at or its fall-back",
        ),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False, comment="how many are kept"),
        sa.Column("first_received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('new', 'in_progress', 'on_hold', 'resolved', 'closed', 'cancelled')",
            name=op.f("ck_incident_state"),
        ),
        sa.PrimaryKeyConstraint("source_id", "external_id", name=op.f("pk_incident")),
        schema="metrics",
        postgresql_with={"fillfactor": 90},
    )
    op.create_index(
        "ix_incident_open",
        "incident",
        ["service"],
        unique=False,
        schema="metrics",
        postgresql_where=sa.text("state IN ('new', 'in_progress', 'on_hold')"),
    )
    op.create_index(
        op.f("ix_incident_service_acknowledgement_at"),
        "incident",
        ["service", "acknowledgement_at"],
        unique=False,
        schema="metrics",
        postgresql_where=sa.text("acknowledgement_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_incident_service_opened_at"),
        "incident",
        ["service", "opened_at"],
        unique=False,
        schema="metrics",
    )
    op.create_index(
        op.f("ix_incident_service_resolution_at"),
        "incident",
        ["service", "resolution_at"],
        unique=False,
        schema="metrics",
        postgresql_where=sa.text("resolution_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_incident_source_id_service_name"),
        "incident",
        ["source_id", "service_name"],
        unique=False,
        schema="metrics",
        postgresql_where=sa.text("service IS NULL"),
    )
    op.create_table(
        "incident_transition",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="1, 2, 3 …"),
        sa.Column(
            "at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="the stamp of the update that carried it",
        ),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column(
            "service", sa.Text(), nullable=True, comment="copy of the incident's, for the backlog"
        ),
        sa.CheckConstraint(
            "from_state IN ('new', 'in_progress', 'on_hold', 'resolved', 'closed', 'cancelled')",
            name=op.f("ck_incident_transition_from_state"),
        ),
        sa.CheckConstraint(
            "to_state IN ('new', 'in_progress', 'on_hold', 'resolved', 'closed', 'cancelled')",
            name=op.f("ck_incident_transition_to_state"),
        ),
        sa.PrimaryKeyConstraint(
            "source_id", "external_id", "seq", name=op.f("pk_incident_transition")
        ),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_incident_transition_service_at"),
        "incident_transition",
        ["service", "at"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "incident_version",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column(
            "digest", postgresql.BYTEA(), nullable=False, comment="SHA-256 of the canonical payload"
        ),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "stamped_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="updated_at or its fall-back",
        ),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("service", sa.Text(), nullable=True, comment="as attributed at receipt"),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="only the fields that were sent",
        ),
        schema="metrics",
        info={"append_only": True},
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_index(
        op.f("ix_incident_version_source_id_external_id"),
        "incident_version",
        ["source_id", "external_id"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "initiative",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'in_progress', 'done', 'cancelled')",
            name=op.f("ck_initiative_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initiative")),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_initiative_service_kpi_starts_on"),
        "initiative",
        ["service", "kpi", "starts_on"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
        sa.UniqueConstraint("sequence", name=op.f("uq_outbox_event_sequence")),
        schema="metrics",
    )
    op.create_index(
        "ix_outbox_event_unsequenced",
        "outbox_event",
        ["position"],
        unique=False,
        schema="metrics",
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.create_table(
        "received_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_event")),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_received_event_received_at"),
        "received_event",
        ["received_at"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "reference_copy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "words", sa.Text(), nullable=False, comment="the name as it is compared: without case"
        ),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_copy")),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_reference_copy_service"),
        "reference_copy",
        ["service"],
        unique=False,
        schema="metrics",
    )
    op.create_index(
        op.f("ix_reference_copy_words"), "reference_copy", ["words"], unique=False, schema="metrics"
    )
    op.create_index(
        "uq_reference_copy_current",
        "reference_copy",
        ["source", "name", "service"],
        unique=True,
        schema="metrics",
        postgresql_where=sa.text("ended_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "revision",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_revision")),
        schema="metrics",
    )
    op.create_table(
        "service_copy",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("portfolio", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("criticality", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_service_copy")),
        schema="metrics",
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True, comment="of stamps that carry no offset"),
        sa.Column("state_mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("priority_mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("delivery IN ('snapshot', 'event')", name=op.f("ck_source_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("key", name=op.f("uq_source_key")),
        schema="metrics",
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("built_in", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_subscription_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("name", name=op.f("uq_subscription_name")),
        schema="metrics",
    )
    op.create_table(
        "target",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("comparator", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False, comment="in the unit of the KPI"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "comparator IN ('lte', 'lt', 'gte', 'gt')", name=op.f("ck_target_comparator")
        ),
        sa.CheckConstraint(
            "kpi IN ('mttr', 'mtta', 'fcr', 'reopen_rate', 'backlog', 'incident_count')",
            name=op.f("ck_target_kpi"),
        ),
        sa.CheckConstraint("valid_to >= valid_from - 1", name=op.f("ck_target_valid_to")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_target_service_kpi_valid_from"),
        "target",
        ["service", "kpi", "valid_from"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "target_version",
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("comparator", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target_id", "version", name=op.f("pk_target_version")),
        schema="metrics",
        info={"append_only": True},
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", postgresql.BYTEA(), nullable=False, comment="SHA-256"),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["metrics.source.id"], name=op.f("fk_api_key_source_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        schema="metrics",
    )
    op.create_index(
        op.f("ix_api_key_source_id_id"),
        "api_key",
        ["source_id", "id"],
        unique=False,
        schema="metrics",
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('delivered', 'failing')", name=op.f("ck_delivery_state")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["metrics.outbox_event.id"],
            name=op.f("fk_delivery_event_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["metrics.subscription.id"],
            name=op.f("fk_delivery_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        schema="metrics",
    )
    op.create_index(
        "ix_delivery_event_id", "delivery", ["event_id"], unique=False, schema="metrics"
    )
    op.create_index(
        "ix_delivery_sequence_id", "delivery", ["sequence", "id"], unique=False, schema="metrics"
    )
    op.create_index(
        "uq_delivery_subscription_id_event_id",
        "delivery",
        ["subscription_id", "event_id"],
        unique=True,
        schema="metrics",
    )
    op.create_table(
        "import_rejection",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("pointer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["metrics.import.id"], name=op.f("fk_import_rejection_import_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rejection")),
        schema="metrics",
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_import_rejection_import_id_line"),
        "import_rejection",
        ["import_id", "line"],
        unique=False,
        schema="metrics",
    )
    op.execute(
        "CREATE TABLE metrics.incident_version_p_default"
        " PARTITION OF metrics.incident_version DEFAULT"
    )
    op.execute(MAKE_VERSION_PARTITIONS)
    op.execute("SELECT metrics.make_version_partitions(3)")


def downgrade() -> None:
    op.execute("DROP FUNCTION metrics.make_version_partitions(integer)")
    op.drop_index(
        op.f("ix_import_rejection_import_id_line"), table_name="import_rejection", schema="metrics"
    )
    op.drop_table("import_rejection", schema="metrics")
    op.drop_index("uq_delivery_subscription_id_event_id", table_name="delivery", schema="metrics")
    op.drop_index("ix_delivery_sequence_id", table_name="delivery", schema="metrics")
    op.drop_index("ix_delivery_event_id", table_name="delivery", schema="metrics")
    op.drop_table("delivery", schema="metrics")
    op.drop_index(op.f("ix_api_key_source_id_id"), table_name="api_key", schema="metrics")
    op.drop_table("api_key", schema="metrics")
    op.drop_table("target_version", schema="metrics")
    op.drop_index(op.f("ix_target_service_kpi_valid_from"), table_name="target", schema="metrics")
    op.drop_table("target", schema="metrics")
    op.drop_table("subscription", schema="metrics")
    op.drop_table("source", schema="metrics")
    op.drop_table("service_copy", schema="metrics")
    op.drop_table("revision", schema="metrics")
    op.drop_index(
        "uq_reference_copy_current",
        table_name="reference_copy",
        schema="metrics",
        postgresql_where=sa.text("ended_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index(op.f("ix_reference_copy_words"), table_name="reference_copy", schema="metrics")
    op.drop_index(op.f("ix_reference_copy_service"), table_name="reference_copy", schema="metrics")
    op.drop_table("reference_copy", schema="metrics")
    op.drop_index(
        op.f("ix_received_event_received_at"), table_name="received_event", schema="metrics"
    )
    op.drop_table("received_event", schema="metrics")
    op.drop_index(
        "ix_outbox_event_unsequenced",
        table_name="outbox_event",
        schema="metrics",
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.drop_table("outbox_event", schema="metrics")
    op.drop_index(
        op.f("ix_initiative_service_kpi_starts_on"), table_name="initiative", schema="metrics"
    )
    op.drop_table("initiative", schema="metrics")
    op.drop_index(
        op.f("ix_incident_version_source_id_external_id"),
        table_name="incident_version",
        schema="metrics",
    )
    op.drop_table("incident_version", schema="metrics")
    op.drop_index(
        op.f("ix_incident_transition_service_at"),
        table_name="incident_transition",
        schema="metrics",
    )
    op.drop_table("incident_transition", schema="metrics")
    op.drop_index(
        op.f("ix_incident_source_id_service_name"),
        table_name="incident",
        schema="metrics",
        postgresql_where=sa.text("service IS NULL"),
    )
    op.drop_index(
        op.f("ix_incident_service_resolution_at"),
        table_name="incident",
        schema="metrics",
        postgresql_where=sa.text("resolution_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_incident_service_opened_at"), table_name="incident", schema="metrics")
    op.drop_index(
        op.f("ix_incident_service_acknowledgement_at"),
        table_name="incident",
        schema="metrics",
        postgresql_where=sa.text("acknowledgement_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_incident_open",
        table_name="incident",
        schema="metrics",
        postgresql_where=sa.text("state IN ('new', 'in_progress', 'on_hold')"),
    )
    op.drop_table("incident", schema="metrics")
    op.drop_index(op.f("ix_import_started_at_id"), table_name="import", schema="metrics")
    op.drop_table("import", schema="metrics")
    op.drop_index(
        op.f("ix_idempotency_key_created_at"), table_name="idempotency_key", schema="metrics"
    )
    op.drop_table("idempotency_key", schema="metrics")
    op.drop_table("cell_delta", schema="metrics")
    op.drop_table("cell", schema="metrics")
    op.drop_index(
        op.f("ix_audit_entry_resource_key_id"), table_name="audit_entry", schema="metrics"
    )
    op.drop_table("audit_entry", schema="metrics")
    op.drop_index(op.f("ix_attribution_words"), table_name="attribution", schema="metrics")
    op.drop_index(
        op.f("ix_attribution_source_id_external_id"), table_name="attribution", schema="metrics"
    )
    op.drop_table("attribution", schema="metrics")
