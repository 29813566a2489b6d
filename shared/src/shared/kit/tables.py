"""Tables that every service has in its own schema: audit, idempotency, events."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.database import schema_of
from shared.kit.event_tables import EventTables, event_tables

APPEND_ONLY = {"append_only": True}
"""`info` of a table that the runtime role may only INSERT into and SELECT from."""


@dataclass(frozen=True)
class KitTables:
    audit_entry: Table
    idempotency_key: Table
    events: EventTables


_BY_SCHEMA: dict[str, KitTables] = {}


def kit_tables(metadata: MetaData) -> KitTables:
    """Declare the plumbing's tables in a service's metadata; called once, by its base.py."""
    schema = metadata.schema
    assert schema is not None, "each service keeps its data in a schema of its own"
    tables = KitTables(_audit_entry(metadata), _idempotency_key(metadata), event_tables(metadata))
    _BY_SCHEMA[schema] = tables
    return tables


def kit_tables_of(session: AsyncSession) -> KitTables:
    """The plumbing's tables of the service this session belongs to."""
    return _BY_SCHEMA[schema_of(session)]


def _audit_entry(metadata: MetaData) -> Table:
    table = Table(
        "audit_entry",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("actor", Text, nullable=False),
        Column("actor_kind", Text, nullable=False),
        Column("on_behalf_of", Text),
        Column("action", Text, nullable=False),
        Column("resource", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("before", JSONB(none_as_null=True)),
        Column("after", JSONB(none_as_null=True)),
        Column("request_id", Text),
        info=APPEND_ONLY,
    )
    Index(None, table.c.resource, table.c.key, table.c.id)
    return table


def _idempotency_key(metadata: MetaData) -> Table:
    table = Table(
        "idempotency_key",
        metadata,
        Column("client", Text, primary_key=True),
        Column("path", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("body_hash", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    Index(None, table.c.created_at)
    return table
