"""Every SQL statement about offerings and their versions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.agreements import queries as agreement_queries
from catalog_api.agreements.tables import AgreementVersion
from catalog_api.offerings.rules import OFFERED_STAGES, OfferingState
from catalog_api.offerings.tables import Offering, OfferingVersion
from catalog_api.registry.tables import Service
from catalog_api.searching import Searched, best_matches
from shared.kit.clock import now
from shared.kit.pagination import PageParams
from shared.schemas.agreements import AgreementState

_offering = rows.table_of(Offering).c
_version = rows.table_of(OfferingVersion).c
_service = rows.table_of(Service).c
_JOINED = (
    rows.table_of(Offering)
    .join(rows.table_of(Service), _service.key == _offering.service_key)
    .join(
        rows.table_of(OfferingVersion),
        and_(_version.offering_key == _offering.key, _version.version == _offering.version),
    )
)


@dataclass(frozen=True)
class OfferingFilters:
    """Each filter that is given narrows the list; `role` and `customer` also find `everyone`."""

    service: str | None = None
    portfolio: str | None = None
    tag: str | None = None
    customer: str | None = None
    unit: str | None = None
    role: str | None = None
    state: OfferingState | None = None


def _object(**members: Any) -> ColumnElement[Any]:
    pairs = [part for name, value in members.items() for part in (name, value)]
    built: ColumnElement[Any] = func.jsonb_build_object(*pairs, type_=JSONB)
    return built


def _unless_null(column: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((column.is_(None), null()), else_=value)


_amount = cast(func.trim_scale(_offering.price_amount), Text)
_price = _unless_null(
    _offering.price_amount,
    _object(amount=_amount, currency=_offering.currency, per=_offering.price_unit),
)
_announcement = _unless_null(
    _offering.announcement,
    _object(
        text=_offering.announcement,
        starts_at=_offering.announced_from,
        ends_at=_offering.announced_until,
    ),
)
_audience = _object(
    everyone=_offering.everyone,
    customers=_offering.customers,
    units=_offering.units,
    roles=_offering.roles,
)
_SHOWN: tuple[ColumnElement[Any], ...] = (
    _offering.key,
    _offering.service_key.label("service"),
    _service.name.label("service_name"),
    _service.stage,
    _offering.title,
    _offering.summary,
    _offering.tags,
    _audience.label("audience"),
    _price.label("price"),
    _offering.state,
    _offering.version,
    _version.form.is_not(None).label("has_form"),
    func.jsonb_array_length(_version.steps).label("steps"),
    _offering.revision,
    _offering.updated_at,
)
_WHOLE: tuple[ColumnElement[Any], ...] = (
    *_SHOWN,
    _offering.description,
    _offering.promises,
    _announcement.label("announcement"),
    _version.form,
    _version.steps.label("fulfilment_plan"),
    _offering.published_at,
    _offering.withdrawn_at,
    _offering.created_at,
)
_minutes = func.jsonb_array_elements(_version.steps).table_valued("value").alias("step")
_CUSTOMERS_VIEW: tuple[ColumnElement[Any], ...] = (
    *_SHOWN,
    _service.portfolio_key.label("portfolio"),
    _offering.promises,
    _announcement.label("announcement"),
    select(func.sum(cast(_minutes.c.value.op("->>")("target_minutes"), Numeric)))
    .scalar_subquery()
    .label("fulfilment_minutes"),
)


async def insert_offering(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add an offering; False when its key is taken."""
    return await rows.insert_row(session, Offering, rows.new_row(values))


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Keep a form and fulfilment plan under the next number of a locked offering."""
    await session.execute(insert(OfferingVersion).values(**values, made_at=now()))


async def get_offering(session: AsyncSession, key: str) -> Row[Any]:
    """A whole offering with its service's stage; 404 if there is none."""
    statement = select(*_WHOLE).select_from(_JOINED).where(_offering.key == key)
    return await rows.get_row(session, statement, f"There is no offering {key}")


async def lock_offering(session: AsyncSession, key: str) -> Row[Any]:
    """As get_offering; nobody else changes it until this transaction ends."""
    statement = select(_offering.key).where(_offering.key == key)
    await rows.get_row(session, statement, f"There is no offering {key}", lock=True)
    return await get_offering(session, key)


async def service_of(session: AsyncSession, key: str) -> str:
    """The service of an offering, which never changes; 404 if there is no such offering."""
    statement = select(_offering.service_key).where(_offering.key == key)
    return str((await rows.get_row(session, statement, f"There is no offering {key}"))[0])


async def hold_offering(session: AsyncSession, key: str) -> Row[Any]:
    """A whole offering that neither retires nor is changed until this transaction ends.

    Many may hold it at a time.
    """
    service = await service_of(session, key)
    # The service first: whoever publishes locks in this order too.
    for statement in (
        select(_service.key).where(_service.key == service),
        select(_offering.key).where(_offering.key == key),
    ):
        await session.execute(statement.with_for_update(read=True))
    return await get_offering(session, key)


async def change_offering(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set columns of an offering and count its revision up."""
    await rows.change_row(session, Offering, _offering.key == key, values)


async def list_offerings(
    session: AsyncSession, filters: OfferingFilters, page: PageParams
) -> list[Row[Any]]:
    """Offerings in any state by key, one more than the page holds."""
    statement = select(*_SHOWN).select_from(_JOINED).where(*_conditions(filters))
    return await rows.list_rows(session, statement, [_offering.key], page)


async def list_versions(session: AsyncSession, key: str, page: PageParams) -> list[Row[Any]]:
    """Versions of form and plan, the newest first."""
    statement = select(
        _version.version,
        _version.form,
        _version.steps.label("fulfilment_plan"),
        _version.made_at,
        _version.made_by,
    ).where(_version.offering_key == key)
    return await rows.list_rows(session, statement, [_version.version.desc()], page)


async def list_catalog(
    session: AsyncSession, filters: OfferingFilters, page: PageParams
) -> list[Row[Any]]:
    """What customers can request now, by key."""
    return await rows.list_rows(session, _offered(filters), [_offering.key], page)


async def search_catalog(
    session: AsyncSession, words: str, filters: OfferingFilters, page: PageParams
) -> list[Row[Any]]:
    """What customers can request that matches the words or whose title resembles them."""
    where = Searched(_JOINED, _offering.key, _offering.search, _offering.title)
    match = best_matches(words, where, _offer_conditions(filters), page)
    statement: Select[Any] = (
        select(*_CUSTOMERS_VIEW, match.c.rank)
        .select_from(_JOINED.join(match, match.c.key == _offering.key))
        .order_by(match.c.rank.desc(), _offering.key)
        .limit(page.limit + 1)
    )
    return list((await session.execute(statement)).all())


async def get_catalog_item(session: AsyncSession, key: str) -> Row[Any]:
    """A published offering, also of a service that has retired; 404 if there is none."""
    statement = (
        select(*_CUSTOMERS_VIEW, _offering.description, _version.form)
        .select_from(_JOINED)
        .where(_offering.key == key, _offering.state == OfferingState.PUBLISHED)
    )
    return await rows.get_row(session, statement, f"The catalog has no offering {key}")


async def agreed_targets(session: AsyncSession, service: str, limit: int) -> list[Row[Any]]:
    """Targets of the agreements in force that cover a service, by agreement."""
    promises = (
        agreement_queries.signed_promises()
        .where(AgreementVersion.state == AgreementState.ACTIVE)
        .subquery("promise")
    )
    targets = func.jsonb_array_elements(promises.c.targets).table_valued("value").alias("target")
    statement = (
        select(
            promises.c.agreement,
            promises.c.version.label("agreement_version"),
            cast(targets.c.value, JSONB).label("target"),
        )
        .join_from(promises, targets, literal(True))
        .where(promises.c.service == service)
        .order_by(promises.c.agreement, targets.c.value.op("->>")("id"))
        .limit(limit)
    )
    return list(await session.execute(statement))


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are offerings."""
    return await rows.known_values(session, _offering.key, keys)


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _offering.key, base)


def sheet_of(service: Any, limit: int) -> ScalarSelect[Any]:
    """The offerings of a service for its document: how many, and the first ones by key."""
    whole = and_(_version.form.is_not(None), func.jsonb_array_length(_version.steps) > 0)
    published = _offering.state == OfferingState.PUBLISHED
    promising = and_(published, func.jsonb_array_length(_offering.promises) > 0)
    counts = (
        select(
            func.count().label("total"),
            func.count().filter(published).label("published"),
            func.count().filter(_version.form.is_not(None)).label("with_form"),
            func.count().filter(whole).label("publishable"),
            func.count().filter(promising).label("published_with_promise"),
        )
        .select_from(_JOINED)
        .where(_offering.service_key == service)
        .subquery("counted")
    )
    first = rows.json_list(_offerings_of(service).limit(limit)).label("items")
    return rows.json_object(select(*counts.c, first))


def _offerings_of(service: Any) -> Select[Any]:
    return (
        select(
            _offering.key,
            _offering.title,
            _offering.state,
            _version.form.is_not(None).label("has_form"),
            func.jsonb_array_length(_version.steps).label("steps"),
            func.jsonb_array_length(_offering.promises).label("promises"),
            _price.label("price"),
        )
        .select_from(_JOINED)
        .where(_offering.service_key == service)
        .order_by(_offering.key)
    )


def _offered(filters: OfferingFilters) -> Select[Any]:
    return select(*_CUSTOMERS_VIEW).select_from(_JOINED).where(*_offer_conditions(filters))


def _offer_conditions(filters: OfferingFilters) -> Sequence[ColumnElement[bool]]:
    """Of what customers can request now."""
    return (
        _offering.state == OfferingState.PUBLISHED,
        _service.stage.in_(OFFERED_STAGES),
        *_conditions(filters),
    )


def _conditions(filters: OfferingFilters) -> Sequence[ColumnElement[bool]]:
    own = (
        (_offering.service_key, filters.service),
        (_service.portfolio_key, filters.portfolio),
        (_offering.state, filters.state),
    )
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in own if value is not None
    ]
    if filters.tag is not None:
        conditions.append(_offering.tags.contains([filters.tag]))
    members = (
        (_offering.customers, filters.customer),
        (_offering.units, filters.unit),
        (_offering.roles, filters.role),
    )
    audience = [column.contains([value]) for column, value in members if value is not None]
    if audience:
        conditions.append(or_(_offering.everyone, *audience))
    return conditions
