"""Every SQL statement about vital activities and what supports them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.registry.queries import brief_services
from catalog_api.stages.rules import is_live
from catalog_api.vital_activities.rules import Strength
from catalog_api.vital_activities.tables import Support, VitalActivity
from shared.kit.pagination import PageParams
from shared.schemas.catalog import Criticality, Stage

_activity = VitalActivity.__table__.c
_support = Support.__table__.c
_service = brief_services()
_LIVE = [stage for stage in Stage if is_live(stage)]
_SHOWN_ACTIVITIES = 100
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _activity.key,
    _activity.customer_key.label("customer"),
    _activity.name,
    _activity.description,
    _activity.business_impact,
    _activity.criticality,
    _activity.active,
    _activity.revision,
    _activity.created_at,
    _activity.updated_at,
)
_SUPPORT_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _support.vital_activity_key.label("vital_activity"),
    _support.service_key.label("service"),
    _service.c.name.label("service_name"),
    _service.c.stage.label("service_stage"),
    _support.strength,
    _support.note,
    _support.changed_at,
)
_SUPPORTED_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _activity.key,
    _activity.name,
    _activity.customer_key.label("customer"),
    _activity.criticality,
    _activity.active,
    _support.strength,
    _support.note,
    _support.changed_at,
)


@dataclass(frozen=True)
class VitalActivityFilters:
    """Each filter that is given narrows the list."""

    customer: str | None = None
    service: str | None = None
    criticality: Criticality | None = None
    active: bool | None = None


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are vital activities."""
    return await rows.known_values(session, _activity.key, keys)


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _activity.key, base)


async def active_activities_of(session: AsyncSession, customer: str) -> list[str]:
    """The first 20 active vital activities of a customer."""
    statement = (
        select(_activity.key)
        .where(_activity.customer_key == customer, _activity.active)
        .order_by(_activity.key)
        .limit(20)
    )
    return list(await session.scalars(statement))


async def insert_vital_activity(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a vital activity; False when its key is taken."""
    return await rows.insert_row(session, VitalActivity, rows.new_row(values))


async def get_vital_activity(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One vital activity, 404 if there is none; `lock` keeps others from changing it."""
    statement = select(*_COLUMNS).where(_activity.key == key)
    return await rows.get_row(session, statement, f"There is no vital activity {key}", lock=lock)


async def list_vital_activities(
    session: AsyncSession, filters: VitalActivityFilters, page: PageParams
) -> list[Row[Any]]:
    """Vital activities by key, one more than the page holds."""
    statement = select(*_COLUMNS).where(*_conditions(filters))
    return await rows.list_rows(session, statement, [_activity.key], page)


async def list_unsupported(
    session: AsyncSession,
    filters: VitalActivityFilters,
    strengths: Collection[Strength],
    page: PageParams,
) -> list[Row[Any]]:
    """Those that no live service supports with one of these strengths, by key."""
    supported = exists().where(
        _support.vital_activity_key == _activity.key,
        _support.strength.in_(strengths),
        _service.c.key == _support.service_key,
        _service.c.stage.in_(_LIVE),
    )
    statement = select(*_COLUMNS).where(*_conditions(filters), ~supported)
    return await rows.list_rows(session, statement, [_activity.key], page)


def _conditions(filters: VitalActivityFilters) -> list[ColumnElement[bool]]:
    given = (
        (_activity.customer_key, filters.customer),
        (_activity.criticality, filters.criticality),
        (_activity.active, filters.active),
    )
    conditions: list[ColumnElement[bool]] = [c == value for c, value in given if value is not None]
    if filters.service is not None:
        conditions.append(
            exists().where(
                _support.service_key == filters.service,
                _support.vital_activity_key == _activity.key,
            )
        )
    return conditions


async def change_vital_activity(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set fields and count the revision up."""
    await rows.change_row(session, VitalActivity, _activity.key == key, values)


def supports() -> Select[Any]:
    """Which service supports which activity, and how."""
    return select(*_SUPPORT_COLUMNS).join(_service, _service.c.key == _support.service_key)


async def find_support(session: AsyncSession, activity: str, service: str) -> Row[Any] | None:
    """How a service supports an activity, if it does."""
    statement = supports().where(
        _support.vital_activity_key == activity, _support.service_key == service
    )
    found: Row[Any] | None = (await session.execute(statement)).first()
    return found


async def list_supports(session: AsyncSession, activity: str, page: PageParams) -> list[Row[Any]]:
    """The services that support an activity, by key, one more than the page holds."""
    statement = supports().where(_support.vital_activity_key == activity)
    return await rows.list_rows(session, statement, [_support.service_key], page)


async def put_support(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Say how a service supports an activity, also if something else was said before."""
    added = insert(Support).values(**values)
    keys = [_support.vital_activity_key, _support.service_key]
    said = {name: added.excluded[name] for name in ("strength", "note", "changed_at")}
    await session.execute(added.on_conflict_do_update(index_elements=keys, set_=said))


async def delete_support(session: AsyncSession, activity: str, service: str) -> None:
    """The service supports the activity no longer."""
    await session.execute(
        delete(Support).where(
            _support.vital_activity_key == activity, _support.service_key == service
        )
    )


async def list_supported(
    session: AsyncSession, service: str, strength: Strength | None, page: PageParams
) -> list[Row[Any]]:
    """The vital activities that a service supports, by key, one more than the page holds."""
    statement = _supported_by(service)
    if strength is not None:
        statement = statement.where(_support.strength == strength)
    return await rows.list_rows(session, statement, [_activity.key], page)


def _supported_by(service: Any) -> Select[Any]:
    return (
        select(*_SUPPORTED_COLUMNS)
        .join(Support, _support.vital_activity_key == _activity.key)
        .where(_support.service_key == service)
    )


def section(service: ColumnElement[str]) -> ScalarSelect[Any]:
    """What hangs on a service, for its document: counted, and the first activities by key."""
    supported = _supported_by(service)
    count = supported.where(_activity.active).with_only_columns(func.count())
    essential = count.where(_support.strength == Strength.ESSENTIAL)
    critical = count.where(_activity.criticality == Criticality.CRITICAL)
    changed_at = supported.with_only_columns(
        func.max(func.greatest(_support.changed_at, _activity.updated_at))
    )
    shown = supported.order_by(_activity.key).limit(_SHOWN_ACTIVITIES)
    return rows.json_object(
        select(
            count.scalar_subquery().label("supported_count"),
            essential.scalar_subquery().label("essential_count"),
            critical.scalar_subquery().label("critical_count"),
            changed_at.scalar_subquery().label("changed_at"),
            rows.json_list(shown).label("items"),
        )
    )
