"""Tables of outgoing events: the outbox, who listens, and what was sent to whom."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


@dataclass(frozen=True)
class EventTables:
    outbox_event: Table
    subscription: Table
    delivery: Table


def event_tables(metadata: MetaData) -> EventTables:
    """Declare the three tables in the schema of `metadata`; once per service."""
    return EventTables(
        outbox_event=_outbox_event(metadata),
        subscription=_subscription(metadata),
        delivery=_delivery(metadata),
    )


def _outbox_event(metadata: MetaData) -> Table:
    """`position` is taken inside the emitting transaction, `sequence` after it has committed.

    Only so does a reader that remembers the last sequence never step over an event whose
    transaction committed late.
    """
    return Table(
        "outbox_event",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("position", BigInteger, Identity(always=True), nullable=False),
        Column("sequence", BigInteger, unique=True),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("data", JSONB, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False),
        Index("ix_outbox_event_unsequenced", "position", postgresql_where=text("sequence IS NULL")),
    )


def _subscription(metadata: MetaData) -> Table:
    """`cursor` is the last sequence that was delivered or did not concern the subscriber.

    `delivered_at` is when it last took an event: who never did may well be no one.
    """
    return Table(
        "subscription",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("url", Text, nullable=False),
        Column("types", ARRAY(Text), nullable=False),
        # Signing needs the plain secret: it cannot be a hash.
        Column("secret", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("disabled_reason", Text),
        Column("built_in", Boolean, nullable=False),
        Column("cursor", BigInteger, nullable=False),
        Column("failures", Integer, nullable=False),
        Column("failing_since", DateTime(timezone=True)),
        Column("retry_at", DateTime(timezone=True)),
        Column("delivered_at", DateTime(timezone=True)),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("created_by", Text, nullable=False),
        CheckConstraint("state IN ('active', 'disabled')", name="state"),
    )


def _delivery(metadata: MetaData) -> Table:
    """One event for one subscriber, from its first attempt on; replays count as attempts."""
    target = f"{metadata.schema}." if metadata.schema else ""
    return Table(
        "delivery",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column(
            "subscription_id",
            ForeignKey(f"{target}subscription.id", ondelete="CASCADE"),
            nullable=False,
        ),
        Column(
            "event_id", ForeignKey(f"{target}outbox_event.id", ondelete="CASCADE"), nullable=False
        ),
        Column("sequence", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("status", Integer),
        Column("error", Text),
        Column("first_attempt_at", DateTime(timezone=True), nullable=False),
        Column("last_attempt_at", DateTime(timezone=True), nullable=False),
        Column("next_attempt_at", DateTime(timezone=True)),
        CheckConstraint("state IN ('delivered', 'failing')", name="state"),
        Index("ix_delivery_sequence_id", "sequence", "id"),
        Index("uq_delivery_subscription_id_event_id", "subscription_id", "event_id", unique=True),
        Index("ix_delivery_event_id", "event_id"),
    )
