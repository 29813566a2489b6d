"""Every SQL statement about touchpoints and the services that are offered at them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.registry.queries import brief_services
from catalog_api.touchpoints.rules import Channel
from catalog_api.touchpoints.tables import Offer, Touchpoint
from shared.errors import NotFound
from shared.kit.pagination import PageParams

_touchpoint = Touchpoint.__table__.c
_offer = Offer.__table__.c
_service = brief_services()
_SHOWN_TOUCHPOINTS = 100
_OFFER_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _offer.touchpoint_key.label("touchpoint"),
    _offer.service_key.label("service"),
    _service.c.name.label("service_name"),
    _service.c.stage.label("service_stage"),
    _offer.linked_at,
)
_OFFERED_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _touchpoint.key,
    _touchpoint.name,
    _touchpoint.channel,
    _touchpoint.address,
    _touchpoint.hours,
    _touchpoint.calendar,
    _touchpoint.active,
    _offer.linked_at,
)


@dataclass(frozen=True)
class TouchpointFilters:
    """Each filter that is given narrows the list."""

    channel: Channel | None
    service: str | None
    active: bool | None


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are touchpoints."""
    return await rows.known_values(session, _touchpoint.key, keys)


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _touchpoint.key, base)


async def insert_touchpoint(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a touchpoint; False when its key is taken."""
    return await rows.insert_row(session, Touchpoint, rows.new_row(values))


async def get_touchpoint(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One touchpoint, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    statement = select(*_touchpoint).where(_touchpoint.key == key)
    return await rows.get_row(session, statement, f"There is no touchpoint {key}", lock=lock)


async def list_touchpoints(
    session: AsyncSession, filters: TouchpointFilters, page: PageParams
) -> list[Row[Any]]:
    """Touchpoints by key, one more than the page holds."""
    statement = select(*_touchpoint)
    if filters.channel is not None:
        statement = statement.where(_touchpoint.channel == filters.channel)
    if filters.active is not None:
        statement = statement.where(_touchpoint.active == filters.active)
    if filters.service is not None:
        statement = statement.where(
            exists().where(
                _offer.touchpoint_key == _touchpoint.key, _offer.service_key == filters.service
            )
        )
    return await rows.list_rows(session, statement, [_touchpoint.key], page)


async def change_touchpoint(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set fields and count the revision up."""
    await rows.change_row(session, Touchpoint, _touchpoint.key == key, values)


async def insert_offer(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Offer a service at a touchpoint; False when it already is."""
    return await rows.insert_row(session, Offer, values)


async def get_offer(session: AsyncSession, touchpoint: str, service: str) -> Row[Any]:
    """How a service is offered at a touchpoint, 404 if it is not."""
    statement = _offers().where(_offer.touchpoint_key == touchpoint, _offer.service_key == service)
    missing = f"{service} is not offered at the touchpoint {touchpoint}"
    return await rows.get_row(session, statement, missing)


async def delete_offer(session: AsyncSession, touchpoint: str, service: str) -> None:
    """Offer the service there no longer; 404 when it was not."""
    here = and_(_offer.touchpoint_key == touchpoint, _offer.service_key == service)
    deleted = delete(Offer).where(here).returning(_offer.service_key)
    if await session.scalar(deleted) is None:
        raise NotFound(f"{service} is not offered at the touchpoint {touchpoint}")


async def list_offers(session: AsyncSession, touchpoint: str, page: PageParams) -> list[Row[Any]]:
    """The services offered at a touchpoint, by key, one more than the page holds."""
    statement = _offers().where(_offer.touchpoint_key == touchpoint)
    return await rows.list_rows(session, statement, [_offer.service_key], page)


async def list_offered_at(session: AsyncSession, service: str, page: PageParams) -> list[Row[Any]]:
    """The touchpoints at which a service is offered, by key, one more than the page holds."""
    return await rows.list_rows(session, _offered_at(service), [_touchpoint.key], page)


def _offers() -> Select[Any]:
    return select(*_OFFER_COLUMNS).join(_service, _service.c.key == _offer.service_key)


def _offered_at(service: Any) -> Select[Any]:
    return (
        select(*_OFFERED_COLUMNS)
        .join(Offer, _offer.touchpoint_key == _touchpoint.key)
        .where(_offer.service_key == service)
    )


def section(service: ColumnElement[str]) -> ScalarSelect[Any]:
    """Where a service is met, for its document: counted, and the first touchpoints by key."""
    offered = _offered_at(service)
    active = offered.where(_touchpoint.active)
    without_hours = active.where(_touchpoint.hours.is_(None), _touchpoint.calendar.is_(None))
    channels = func.coalesce(
        func.jsonb_agg(func.distinct(_touchpoint.channel)), func.jsonb_build_array()
    )
    changed_at = func.max(func.greatest(_offer.linked_at, _touchpoint.updated_at))
    shown = offered.order_by(_touchpoint.key).limit(_SHOWN_TOUCHPOINTS)
    return rows.json_object(
        select(
            active.with_only_columns(func.count()).scalar_subquery().label("active_count"),
            active.with_only_columns(channels).scalar_subquery().label("channels"),
            without_hours.with_only_columns(func.count())
            .scalar_subquery()
            .label("without_hours_count"),
            offered.with_only_columns(changed_at).scalar_subquery().label("changed_at"),
            rows.json_list(shown).label("items"),
        )
    )
