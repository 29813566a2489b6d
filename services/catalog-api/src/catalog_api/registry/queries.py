"""Every SQL statement about services."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    Update,
    bindparam,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.ownership.queries import is_owned_by, present_owners_of
from catalog_api.portfolios.queries import name_of
from catalog_api.references.queries import references_of
from catalog_api.registry.tables import Service
from catalog_api.searching import Searched, best_matches
from shared.errors import NotFound
from shared.kit.database import Query, answer
from shared.kit.pagination import PageParams, keyset
from shared.schemas.catalog import Criticality, ServiceKind, Stage

_table = Service.metadata.tables["catalog.service"]
_service = _table.c


@dataclass(frozen=True)
class ServiceFilters:
    """Each filter that is given narrows the list."""

    portfolio: str | None
    stage: Stage | None
    kind: ServiceKind | None
    criticality: Criticality | None
    owner: str | None
    tag: str | None


_OWN_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _service.key,
    _service.name,
    _service.description,
    _service.kind,
    _service.portfolio_key.label("portfolio"),
    _service.stage,
    _service.criticality,
    _service.support_hours,
    _service.tags,
    _service.onboarded,
    _service.revision,
    _service.created_at,
    _service.updated_at,
    _service.changed_at,
)


def _whole_services(*more: ColumnElement[Any]) -> Select[Any]:
    """Services with their portfolio's name, present owners and external references."""
    return select(
        *_OWN_COLUMNS,
        name_of(_service.portfolio_key).label("portfolio_name"),
        present_owners_of(_service.key).label("owners"),
        references_of(_service.key).label("external_references"),
        *more,
    )


@cache
def _service_by_key() -> Select[Any]:
    """Built once: building it takes longer than running it, and nothing is read more often."""
    return _whole_services().where(_service.key == bindparam("service"))


def brief_services() -> Subquery:
    """What other domains join to show and judge a service: its key, name, stage and portfolio."""
    return select(
        _service.key,
        _service.name,
        _service.stage,
        _service.portfolio_key.label("portfolio"),
    ).subquery("service")


async def insert_service(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a service; False when its key is taken."""
    statement = insert(Service).values(**_named(values)).on_conflict_do_nothing()
    return await session.scalar(statement.returning(_service.key)) is not None


async def insert_services(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Add services; False when a key that was free when it was looked up is taken meanwhile."""
    if not rows:
        return True
    # In the order of the keys, so that two that add the same services cannot deadlock.
    ordered = sorted((_named(values) for values in rows), key=lambda row: str(row["key"]))
    statement = insert(_table).on_conflict_do_nothing().returning(_service.key)
    return len((await session.scalars(statement, ordered)).all()) == len(rows)


async def get_service(session: AsyncSession, key: str) -> Row[Any]:
    """One whole service in one statement; 404 if there is none."""
    return await answer(session, service_by_key(key))


def service_by_key(key: str) -> Query[Row[Any]]:
    """What get_service asks for."""

    def read(found: list[Any]) -> Row[Any]:
        if not found:
            raise _no_service(key)
        row: Row[Any] = found[0]
        return row

    return Query(_service_by_key(), {"service": key}, read)


async def get_services(session: AsyncSession, keys: Collection[str]) -> dict[str, Row[Any]]:
    """Whole services by key."""
    rows = await session.execute(_whole_services().where(_service.key.in_(keys)))
    return {row.key: row for row in rows}


async def require_service(session: AsyncSession, key: str) -> int:
    """The revision of a service; 404 if there is none."""
    revision: int | None = await session.scalar(
        select(_service.revision).where(_service.key == key)
    )
    if revision is None:
        raise _no_service(key)
    return revision


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are services."""
    return set(await session.scalars(select(_service.key).where(_service.key.in_(keys))))


def kind_of(key: ColumnElement[str]) -> ScalarSelect[Any]:
    """The kind of the service whose key another statement holds."""
    return select(_service.kind).where(_service.key == key).scalar_subquery()


async def lock_service(session: AsyncSession, key: str) -> Row[Any]:
    """The service's own fields; nobody else changes it until this transaction ends."""
    statement = select(*_OWN_COLUMNS).where(_service.key == key).with_for_update()
    row = (await session.execute(statement)).first()
    if row is None:
        raise _no_service(key)
    return row


async def lock_services(session: AsyncSession, keys: Collection[str]) -> dict[str, Row[Any]]:
    """As lock_service, for many; in the order of the keys, so that two bulks cannot deadlock."""
    statement = (
        select(*_OWN_COLUMNS).where(_service.key.in_(keys)).order_by(_service.key).with_for_update()
    )
    return {row.key: row for row in await session.execute(statement)}


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    variants = _service.key.like(f"{base}-%") | (_service.key == base)
    return set(await session.scalars(select(_service.key).where(variants)))


async def change_service(
    session: AsyncSession,
    key: str,
    values: Mapping[str, Any],
    now: datetime,
    also: Iterable[str] = (),
) -> None:
    """Set fields, count the revision up and note when each field changed.

    `also` names what changed beside the service's own fields: owners, external_references.
    """
    await session.execute(_change(values, [*values, *also], now), [_changed(key, values)])


async def change_services(
    session: AsyncSession,
    values: Mapping[str, Mapping[str, Any]],
    now: datetime,
    also: Mapping[str, Collection[str]],
) -> None:
    """As change_service, by key: one round trip for all that change the same fields."""
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]] = {}
    for key, fields in values.items():
        names = tuple(sorted(fields)), tuple(sorted(also[key]))
        alike.setdefault(names, []).append(_changed(key, fields))
    for (names_set, names_stamped), rows in alike.items():
        await session.execute(_change(names_set, (*names_set, *names_stamped), now), rows)


def _change(fields: Iterable[str], stamped: Iterable[str], now: datetime) -> Update:
    stamps = dict.fromkeys(stamped, now.isoformat())
    return (
        update(_table)
        .where(_service.key == bindparam("this_key"))
        .values(
            **_named({field: bindparam(f"new_{field}") for field in fields}),
            revision=_service.revision + 1,
            updated_at=now,
            changed_at=_service.changed_at.concat(cast(stamps, JSONB)),
        )
    )


def _changed(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"this_key": key, **{f"new_{field}": value for field, value in values.items()}}


async def list_services(
    session: AsyncSession, filters: ServiceFilters, page: PageParams
) -> list[Row[Any]]:
    """Services by key, one more than the page holds."""
    statement = _whole_services().where(*_conditions(filters))
    return list((await session.execute(keyset(statement, [_service.key], page))).all())


async def search_services(
    session: AsyncSession, words: str, filters: ServiceFilters, page: PageParams
) -> list[Row[Any]]:
    """Services that match the words or whose name resembles them, best first."""
    where = Searched(_table, _service.key, _service.search, _service.name)
    match = best_matches(words, where, _conditions(filters), page)
    statement = (
        _whole_services(match.c.rank)
        .join(match, match.c.key == _service.key)
        .order_by(match.c.rank.desc(), _service.key)
        .limit(page.limit + 1)
    )
    return list((await session.execute(statement)).all())


async def stage_counts(
    session: AsyncSession, portfolios: Collection[str]
) -> dict[str, dict[Stage, int]]:
    """How many services each portfolio has at each stage."""
    statement = (
        select(_service.portfolio_key, _service.stage, func.count())
        .where(_service.portfolio_key.in_(portfolios))
        .group_by(_service.portfolio_key, _service.stage)
    )
    counts: dict[str, dict[Stage, int]] = {key: {} for key in portfolios}
    for portfolio, stage, number in await session.execute(statement):
        counts[portfolio][stage] = number
    return counts


def _no_service(key: str) -> NotFound:
    return NotFound(f"There is no service {key}")


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Wire names to attribute names."""
    return {"portfolio_key" if name == "portfolio" else name: v for name, v in values.items()}


def _conditions(filters: ServiceFilters) -> list[ColumnElement[bool]]:
    """One condition for each filter that is given."""
    own = (
        (_service.portfolio_key, filters.portfolio),
        (_service.stage, filters.stage),
        (_service.kind, filters.kind),
        (_service.criticality, filters.criticality),
    )
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in own if value is not None
    ]
    if filters.tag is not None:
        conditions.append(_service.tags.contains([filters.tag]))
    if filters.owner is not None:
        conditions.append(is_owned_by(_service.key, filters.owner))
    return conditions
