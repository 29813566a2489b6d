"""Every SQL statement about agreements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    case,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.agreements.tables import (
    Agreement,
    AgreementScope,
    AgreementSignature,
    AgreementTarget,
    AgreementVersion,
)
from catalog_api.rows import table_of
from shared.kit.pagination import PageParams
from shared.schemas.agreements import AgreementKind, AgreementState, AgreementText

_agreement = table_of(Agreement).c
_version = table_of(AgreementVersion).c
_scope = table_of(AgreementScope).c
_target = table_of(AgreementTarget).c
_signature = table_of(AgreementSignature).c

_SCOPE_OF_VERSION = (_scope.agreement_key == _version.agreement_key) & (
    _scope.version == _version.version
)
_TARGET_OF_VERSION = (_target.agreement_key == _version.agreement_key) & (
    _target.version == _version.version
)
_SUMMARY: tuple[ColumnElement[Any], ...] = (
    _version.agreement_key.label("agreement"),
    _version.version,
    _version.state,
    _version.text_hash,
    _version.starts_at,
    _version.ends_at,
    _version.signed_at,
    _version.activated_at,
    _version.ended_at,
    _version.end_reason,
    _version.held_back,
    _version.revision,
    _version.created_at,
)


@dataclass(frozen=True)
class AgreementFilters:
    """Each filter that is given narrows the list; scope and state are those of one version."""

    kind: AgreementKind | None
    service: str | None
    vendor_product: str | None
    state: AgreementState | None


def agreed_availability(besides: ColumnElement[str] | None = None) -> Select[Any]:
    """`kind` (service, vendor_product), `key`, and what is promised of it in active agreements.

    `availability` is the lowest, which is all that others can count on; `promised` is the highest,
    which is what it must keep. What the agreement `besides` promises does not count.
    """
    lowest = func.min(_target.value).label("availability")
    highest = func.max(_target.value).label("promised")
    kind = case((_scope.service_key.is_not(None), "service"), else_="vendor_product")
    key = func.coalesce(_scope.service_key, _scope.vendor_product_key)
    found = (
        select(kind.label("kind"), key.label("key"), lowest, highest)
        .join_from(AgreementVersion, AgreementScope, _SCOPE_OF_VERSION)
        .join(AgreementTarget, _TARGET_OF_VERSION)
        .where(_version.state == AgreementState.ACTIVE, _target.kpi == "availability")
        .group_by(kind, key)
    )
    if besides is None:
        return found
    return found.where(_version.agreement_key.is_distinct_from(besides))


async def active_agreements(session: AsyncSession, service: str) -> list[str]:
    """Keys of the agreements that cover a service now."""
    statement = (
        select(_version.agreement_key)
        .join_from(AgreementVersion, AgreementScope, _SCOPE_OF_VERSION)
        .where(_version.state == AgreementState.ACTIVE, _scope.service_key == service)
        .order_by(_version.agreement_key)
    )
    return list(await session.scalars(statement))


def signed_promises() -> Select[Any]:
    """What signed and active agreement versions promise about times, a row for each service.

    `targets` is the list of targets of the text.
    """
    return (
        select(
            _scope.service_key.label("service"),
            _version.agreement_key.label("agreement"),
            _version.version,
            _version.scheme_key,
            _version.scheme_version,
            _version.text["targets"].label("targets"),
        )
        .join_from(AgreementVersion, AgreementScope, _SCOPE_OF_VERSION)
        .where(
            _version.state.in_([AgreementState.SIGNED, AgreementState.ACTIVE]),
            _scope.service_key.is_not(None),
        )
    )


async def promises_of(session: AsyncSession, key: str, version: int) -> list[Row[Any]]:
    """What one signed version promises about times, a row for each of its services."""
    promise = signed_promises().where(_version.agreement_key == key, _version.version == version)
    return list(await session.execute(promise))


async def insert_agreement(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add an agreement; False when its key is taken."""
    return await rows.insert_row(session, Agreement, values)


async def change_agreement(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set fields of an agreement's own row."""
    await rows.change_row(session, Agreement, _agreement.key == key, values)


async def lock_agreement(session: AsyncSession, key: str) -> Row[Any]:
    """An agreement's own row; who changes it or one of its versions takes it first."""
    missing = f"There is no agreement {key}"
    statement = select(*_agreement).where(_agreement.key == key)
    return await rows.get_row(session, statement, missing, lock=True)


def _whole_agreements() -> Select[Any]:
    """Agreements with the state of the newest version and the number of the active one."""
    own = _version.agreement_key == _agreement.key
    newest = select(_version.state).where(own, _version.version == _agreement.version)
    active = select(_version.version).where(own, _version.state == AgreementState.ACTIVE)
    return select(
        *_agreement,
        newest.scalar_subquery().label("state"),
        active.scalar_subquery().label("active_version"),
    )


async def get_agreement(session: AsyncSession, key: str) -> Row[Any]:
    """An agreement; 404 if there is none."""
    statement = _whole_agreements().where(_agreement.key == key)
    return await rows.get_row(session, statement, f"There is no agreement {key}")


async def list_agreements(
    session: AsyncSession, filters: AgreementFilters, page: PageParams
) -> list[Row[Any]]:
    """Agreements by key that fit, one more than the page holds."""
    statement = _whole_agreements().where(*_conditions(filters))
    return await rows.list_rows(session, statement, [_agreement.key], page)


def _conditions(filters: AgreementFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.kind is not None:
        conditions.append(_agreement.kind == filters.kind)
    of_version: list[ColumnElement[bool]] = []
    if filters.state is not None:
        of_version.append(_version.state == filters.state)
    for column, key in (
        (_scope.service_key, filters.service),
        (_scope.vendor_product_key, filters.vendor_product),
    ):
        if key is not None:
            of_version.append(exists().where(_SCOPE_OF_VERSION, column == key))
    if of_version:
        own = _version.agreement_key == _agreement.key
        conditions.append(exists().where(own, *of_version))
    return conditions


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _agreement.key, base)


def _signatures() -> ScalarSelect[Any]:
    """The signatures of a version's present round, in the order in which they were given."""
    given = func.jsonb_build_object(
        "side",
        _signature.side,
        "subject",
        _signature.subject,
        "text_hash",
        _signature.text_hash,
        "signed_at",
        _signature.signed_at,
    )
    ordered = func.jsonb_agg(
        aggregate_order_by(given, _signature.signed_at, _signature.side), type_=JSONB
    )
    return (
        select(func.coalesce(ordered, func.jsonb_build_array(), type_=JSONB))
        .where(
            _signature.agreement_key == _version.agreement_key,
            _signature.version == _version.version,
            _signature.round == _version.round,
        )
        .scalar_subquery()
    )


def whole_versions() -> Select[Any]:
    """Versions with their texts and signatures."""
    return select(
        *_version,
        _version.agreement_key.label("agreement"),
        _agreement.name,
        _agreement.kind,
        _signatures().label("signatures"),
    ).join(Agreement, _agreement.key == _version.agreement_key)


async def get_version(session: AsyncSession, key: str, version: int) -> Row[Any]:
    """A version with its text and signatures; 404 if there is none."""
    statement = whole_versions().where(_version.agreement_key == key, _version.version == version)
    missing = f"There is no version {version} of an agreement {key}"
    return await rows.get_row(session, statement, missing)


async def round_of(session: AsyncSession, key: str, version: int) -> int:
    """The present round of signatures of a version that is there."""
    statement = select(_version.round).where(
        _version.agreement_key == key, _version.version == version
    )
    number: int = (await session.execute(statement)).scalar_one()
    return number


async def list_versions(session: AsyncSession, key: str, page: PageParams) -> list[Row[Any]]:
    """Versions of an agreement, newest first, one more than the page holds."""
    statement = select(*_SUMMARY).where(_version.agreement_key == key)
    return await rows.list_rows(session, statement, [_version.version.desc()], page)


async def open_version(session: AsyncSession, key: str) -> int | None:
    """The version that is drafted or in review, if there is one."""
    statement = select(_version.version).where(
        _version.agreement_key == key,
        _version.state.in_([AgreementState.DRAFT, AgreementState.IN_REVIEW]),
    )
    number: int | None = await session.scalar(statement)
    return number


async def active_version(session: AsyncSession, key: str) -> int | None:
    """The version that is in force, if one is."""
    statement = select(_version.version).where(
        _version.agreement_key == key, _version.state == AgreementState.ACTIVE
    )
    number: int | None = await session.scalar(statement)
    return number


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version; the agreement's row is locked, so its number is free."""
    await session.execute(insert(AgreementVersion).values(**rows.new_row(values)))


async def change_version(
    session: AsyncSession, key: str, version: int, values: Mapping[str, Any]
) -> None:
    """Set fields of a version."""
    condition = (_version.agreement_key == key) & (_version.version == version)
    await rows.change_row(session, AgreementVersion, condition, values)


async def write_parts(session: AsyncSession, text: AgreementText) -> None:
    """Keep scope and targets of a text as rows, in place of those of an earlier wording."""
    address = {"agreement_key": text.agreement, "version": text.version}
    for model, columns in ((AgreementScope, _scope), (AgreementTarget, _target)):
        await session.execute(
            delete(model).where(
                columns.agreement_key == text.agreement, columns.version == text.version
            )
        )
    scope = [{"service_key": key, "vendor_product_key": None} for key in text.services]
    scope += [{"service_key": None, "vendor_product_key": key} for key in text.vendor_products]
    await session.execute(
        insert(AgreementScope), [{"id": uuid4(), **address, **one} for one in scope]
    )
    targets = [
        {
            "id": one.id,
            "kpi": one.kpi,
            "comparator": one.comparator,
            "value": one.value,
            "priority": one.priority,
        }
        for one in text.targets
    ]
    await session.execute(insert(AgreementTarget), [{**address, **one} for one in targets])


async def insert_signature(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Keep a signature for ever."""
    await session.execute(insert(AgreementSignature).values(id=uuid4(), **values))


async def due_to_end(session: AsyncSession, now: datetime) -> Sequence[tuple[str, int]]:
    """Active versions whose last day is over."""
    statement = select(_version.agreement_key, _version.version).where(
        _version.state == AgreementState.ACTIVE, _version.ends_at <= now
    )
    found = await session.execute(statement.order_by(_version.ends_at, _version.agreement_key))
    return [(row.agreement_key, row.version) for row in found]


async def due_to_start(session: AsyncSession, now: datetime) -> Sequence[tuple[str, int]]:
    """Signed versions whose first day has come and whose last one is not over, oldest first."""
    statement = select(_version.agreement_key, _version.version).where(
        _version.state == AgreementState.SIGNED,
        _version.starts_at <= now,
        _version.ends_at.is_(None) | (_version.ends_at > now),
    )
    ordered = statement.order_by(_version.starts_at, _version.agreement_key, _version.version)
    return [(row.agreement_key, row.version) for row in await session.execute(ordered)]


def pinned_calendars(service: Any) -> Select[Any]:
    """`calendar_key` and `calendar_version` of the hours agreed for a service now."""
    return (
        select(_version.calendar_key, _version.calendar_version)
        .join_from(AgreementVersion, AgreementScope, _SCOPE_OF_VERSION)
        .where(_version.state == AgreementState.ACTIVE, _scope.service_key == service)
    )
