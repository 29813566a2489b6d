"""Every SQL statement about external references."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    ScalarSelect,
    Text,
    bindparam,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.references.rules import fold
from catalog_api.references.tables import ExternalReference
from shared.errors import Conflict, NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.catalog import Reference

_table = ExternalReference.metadata.tables["catalog.external_reference"]
_reference = _table.c
_NAMES = "catalog.names"
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _reference.id,
    _reference.source,
    _reference.name,
    _reference.added_at,
)


def references_of(key: ColumnElement[str]) -> ScalarSelect[Any]:
    """The references, as JSON, of the service whose key a column holds."""
    reference = func.jsonb_build_object(
        "id", _reference.id, "source", _reference.source, "name", _reference.name
    )
    ordered = func.jsonb_agg(
        aggregate_order_by(reference, _reference.folded_name, _reference.source), type_=JSONB
    )
    return (
        select(func.coalesce(ordered, func.jsonb_build_array(), type_=JSONB))
        .where(_reference.service_key == key)
        .scalar_subquery()
    )


async def lock_names(session: AsyncSession, *, references: bool) -> None:
    """Keep the names of services from meaning two of them until this transaction ends.

    Two constraints know the keys and the references, none knows that one is not the other. So who
    adds `references` is alone, and services without any are added side by side. Locked first.
    """
    lock = func.pg_advisory_xact_lock if references else func.pg_advisory_xact_lock_shared
    await session.execute(select(lock(func.hashtextextended(_NAMES, 0))))


# Who holds a reference already: as its own key, or as a reference of exactly that source.
_HOLDERS = text(
    """
    SELECT coalesce(own.key, held.service_key)
    FROM unnest(:sources, :names) WITH ORDINALITY AS asked(source, name, position)
    LEFT JOIN catalog.service own ON own.key = asked.name AND own.key <> :service
    LEFT JOIN catalog.external_reference held
        ON held.folded_name = asked.name AND held.source IS NOT DISTINCT FROM asked.source
    ORDER BY asked.position
    """
).bindparams(bindparam("sources", type_=ARRAY(Text)), bindparam("names", type_=ARRAY(Text)))


async def holders_of(
    session: AsyncSession, service: str, references: Sequence[Reference]
) -> list[str | None]:
    """The service that each reference belongs to already, or None, in the order asked.

    The own key of `service` does not count: it may be given again for one source.
    """
    return list(await session.scalars(_HOLDERS, {"service": service, **_asked(references)}))


async def named_elsewhere(session: AsyncSession, keys: Collection[str]) -> dict[str, str]:
    """Which of these keys are names in references already, and of which service."""
    statement = select(_reference.folded_name, _reference.service_key).where(
        _reference.folded_name.in_(keys)
    )
    return {row.folded_name: row.service_key for row in await session.execute(statement)}


async def find_reference(session: AsyncSession, service: str, reference: Reference) -> Row[Any]:
    """The row of a reference that the service is known to have."""
    statement = select(*_COLUMNS).where(
        _reference.service_key == service,
        _reference.source.is_not_distinct_from(reference.source),
        _reference.folded_name == fold(reference.name),
    )
    return (await session.execute(statement)).one()


async def insert_references(
    session: AsyncSession, service: str, references: Iterable[Reference], now: datetime
) -> None:
    """Add references of a service."""
    await insert_references_of_many(session, [(service, one) for one in references], now)


async def insert_references_of_many(
    session: AsyncSession, references: Iterable[tuple[str, Reference]], now: datetime
) -> None:
    """Add references, each of a service; 409 when another one took a name meanwhile."""
    rows = [
        {
            "id": uuid4(),
            "service_key": service,
            "source": reference.source,
            "name": reference.name,
            "folded_name": fold(reference.name),
            "added_at": now,
        }
        for service, reference in references
    ]
    if not rows:
        return
    # In the order of the unique index, so that two that add the same names cannot deadlock.
    rows.sort(key=lambda row: (row["folded_name"], row["source"] or ""))
    statement = upsert(_table).on_conflict_do_nothing().returning(_reference.id)
    added = (await session.scalars(statement, rows)).all()
    if len(added) < len(rows):
        raise Conflict(
            "Another request took one of these names just now: read them again",
            code="reference_taken",
        )


async def references_of_many(
    session: AsyncSession, services: Collection[str]
) -> dict[str, list[Reference]]:
    """The references of each of these services, by name and source."""
    statement = (
        select(_reference.service_key, _reference.source, _reference.name)
        .where(_reference.service_key.in_(services))
        .order_by(_reference.folded_name, _reference.source)
    )
    found: dict[str, list[Reference]] = {key: [] for key in services}
    for service, source, name in await session.execute(statement):
        found[service].append(Reference(source=source, name=name))
    return found


_HOLDERS_OF_MANY = text(
    """
    SELECT own.key AS own, held.service_key AS held
    FROM unnest(:services, :sources, :names) WITH ORDINALITY
        AS asked(service, source, name, position)
    LEFT JOIN catalog.service own ON own.key = asked.name AND own.key <> asked.service
    LEFT JOIN catalog.external_reference held
        ON held.folded_name = asked.name AND held.source IS NOT DISTINCT FROM asked.source
        AND held.service_key <> asked.service
    ORDER BY asked.position
    """
).bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in ("services", "sources", "names")))


async def other_holders(
    session: AsyncSession, asked: Sequence[tuple[str, Reference]]
) -> list[Row[Any]]:
    """For each (service, reference), in order: the other service whose key it is (`own`), and the
    one that has it as a reference (`held`); null for none.
    """
    if not asked:
        return []
    found = await session.execute(
        _HOLDERS_OF_MANY,
        {
            "services": [service for service, _ in asked],
            "sources": [reference.source for _, reference in asked],
            "names": [fold(reference.name) for _, reference in asked],
        },
    )
    return list(found)


async def holders_of_names(session: AsyncSession, names: Collection[str]) -> list[tuple[str, str]]:
    """(folded name, service) of every reference, of any source, that has one of these names."""
    statement = select(_reference.folded_name, _reference.service_key).where(
        _reference.folded_name.in_(names)
    )
    found = await session.execute(statement.distinct().order_by(_reference.service_key))
    return [(row.folded_name, row.service_key) for row in found]


_DELETE = text(
    """
    DELETE FROM catalog.external_reference held
    USING unnest(:services, :sources, :names) AS gone(service, source, name)
    WHERE held.service_key = gone.service AND held.folded_name = gone.name
        AND held.source IS NOT DISTINCT FROM gone.source
    """
).bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in ("services", "sources", "names")))


async def delete_references_of_many(
    session: AsyncSession, references: Sequence[tuple[str, Reference]]
) -> None:
    """Remove references, each of a service, in one statement."""
    if references:
        await session.execute(
            _DELETE,
            {
                "services": [service for service, _ in references],
                "sources": [reference.source for _, reference in references],
                "names": [fold(reference.name) for _, reference in references],
            },
        )


async def list_references(session: AsyncSession, service: str, page: PageParams) -> list[Row[Any]]:
    """The references of a service in the order they were added, one more than the page holds."""
    statement = select(*_COLUMNS).where(_reference.service_key == service)
    ordered = keyset(statement, [_reference.added_at, _reference.id], page)
    return list((await session.execute(ordered)).all())


async def delete_reference(session: AsyncSession, service: str, reference: UUID) -> Row[Any]:
    """Remove a reference of a service and answer what it was; 404 if there is none."""
    statement = (
        delete(ExternalReference)
        .where(_reference.service_key == service, _reference.id == reference)
        .returning(*_COLUMNS)
    )
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound(f"The service {service} has no external reference {reference}")
    return row


# The key of a service first, then the reference of that very source, then that of any source.
_RESOLVE = text(
    """
    SELECT coalesce(own.key, exact.service_key, anywhere.service_key)
    FROM unnest(:sources, :names) WITH ORDINALITY AS asked(source, name, position)
    LEFT JOIN catalog.service own ON own.key = asked.name
    LEFT JOIN catalog.external_reference exact
        ON exact.folded_name = asked.name AND exact.source = asked.source
    LEFT JOIN catalog.external_reference anywhere
        ON anywhere.folded_name = asked.name AND anywhere.source IS NULL
    ORDER BY asked.position
    """
).bindparams(bindparam("sources", type_=ARRAY(Text)), bindparam("names", type_=ARRAY(Text)))


async def resolve(session: AsyncSession, references: Sequence[Reference]) -> list[str | None]:
    """The service of each reference, or None, in the order asked."""
    return list(await session.scalars(_RESOLVE, _asked(references)))


def _asked(references: Sequence[Reference]) -> dict[str, Any]:
    return {
        "sources": [reference.source for reference in references],
        "names": [fold(reference.name) for reference in references],
    }
