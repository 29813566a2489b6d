"""Every SQL statement about plan versions and their approvals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, Select, case, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.plans.rules import OPEN, PlanKind, PlanState
from catalog_api.plans.tables import PlanApproval, PlanVersion
from catalog_api.portfolios.queries import get_portfolio
from catalog_api.registry.queries import require_service
from shared.kit.pagination import PageParams

_table = rows.table_of(PlanVersion)
_version = _table.c
_approval = rows.table_of(PlanApproval).c


@dataclass(frozen=True)
class Subject:
    """Whose plan it is."""

    kind: Literal["service", "portfolio"]
    key: str

    @property
    def service(self) -> str | None:
        return self.key if self.kind == "service" else None

    @property
    def portfolio(self) -> str | None:
        return self.key if self.kind == "portfolio" else None


async def require_subject(session: AsyncSession, subject: Subject) -> None:
    """404 when there is no such service or portfolio."""
    if subject.kind == "service":
        await require_service(session, subject.key)
    else:
        await get_portfolio(session, subject.key)


def _of(subject: Subject, kind: PlanKind) -> ColumnElement[bool]:
    return _is(subject) & (_version.kind == kind)


def _is(subject: Subject) -> ColumnElement[bool]:
    column = _version.service_key if subject.kind == "service" else _version.portfolio_key
    return column == subject.key


def _whole() -> Select[Any]:
    """Versions with the approvals of their present or last review."""
    approvals = (
        select(_approval.role, _approval.approved_by, _approval.text_hash, _approval.approved_at)
        .where(
            _approval.plan_version_id == _version.id,
            _approval.review == _version.review,
        )
        .order_by(_approval.approved_at, _approval.role)
        .correlate(_table)
    )
    return select(
        *(column for column in _version if column.name not in ("service_key", "portfolio_key")),
        _version.service_key.label("service"),
        _version.portfolio_key.label("portfolio"),
        rows.json_list(approvals).label("approvals"),
    )


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a version; False when one is open already."""
    return await rows.insert_row(session, PlanVersion, rows.new_row(values))


async def next_version(session: AsyncSession, subject: Subject, kind: PlanKind) -> int:
    """The number after the newest; two who ask at once get the same, and one of them is refused."""
    newest = await session.scalar(select(func.max(_version.version)).where(_of(subject, kind)))
    return int(newest or 0) + 1


async def open_version(session: AsyncSession, subject: Subject, kind: PlanKind) -> Row[Any] | None:
    """The version that is being written or reviewed."""
    statement = _whole().where(_of(subject, kind), _version.state.in_(OPEN))
    found: Row[Any] | None = (await session.execute(statement)).first()
    return found


async def get_version(
    session: AsyncSession, subject: Subject, kind: PlanKind, number: int, *, lock: bool = False
) -> Row[Any]:
    """One version, 404 if there is none; `lock` keeps others from moving or changing it."""
    condition = _of(subject, kind) & (_version.version == number)
    missing = f"There is no version {number} of the {kind} of {subject.kind} {subject.key}"
    if lock:
        await rows.get_row(session, select(_version.id).where(condition), missing, lock=True)
    return await rows.get_row(session, _whole().where(condition), missing)


async def list_versions(
    session: AsyncSession,
    subject: Subject,
    kind: PlanKind,
    state: PlanState | None,
    page: PageParams,
) -> list[Row[Any]]:
    """Versions, newest first, one more than the page holds."""
    statement = _whole().where(_of(subject, kind))
    if state is not None:
        statement = statement.where(_version.state == state)
    return await rows.list_rows(session, statement, [_version.version.desc()], page)


async def versions_in_force(session: AsyncSession, subject: Subject) -> dict[str, Row[Any]]:
    """The approved version of each kind that has one."""
    statement = _whole().where(_is(subject), _version.state == PlanState.APPROVED)
    return {row.kind: row for row in await session.execute(statement)}


async def number_in_force(session: AsyncSession, subject: Subject, kind: PlanKind) -> int | None:
    """The number of the approved version, locked; None when there is none."""
    statement = select(_version.version).where(
        _of(subject, kind), _version.state == PlanState.APPROVED
    )
    number: int | None = await session.scalar(statement.with_for_update())
    return number


async def change_version(
    session: AsyncSession, version_id: UUID, values: Mapping[str, Any]
) -> None:
    """Set fields of a version that is locked."""
    await rows.change_row(session, PlanVersion, _version.id == version_id, values)


async def insert_approval(
    session: AsyncSession, version: Any, role: str, person: str, at: datetime
) -> None:
    """Keep an approval; the version is locked, so no other for its role can come between."""
    values = {
        "id": uuid4(),
        "plan_version_id": version.id,
        "review": version.review,
        "role": role,
        "approved_by": person,
        "text_hash": version.text_hash,
        "approved_at": at,
    }
    await session.execute(insert(PlanApproval).values(**values))


async def newest_roadmap_items(session: AsyncSession, subject: Subject) -> set[str]:
    """Ids of the items of the newest roadmap, in whatever state it is."""
    newest = (
        select(_version.text)
        .where(_of(subject, PlanKind.ROADMAP))
        .order_by(_version.version.desc())
        .limit(1)
    )
    text = await session.scalar(newest)
    return set() if text is None else {item["id"] for item in text["items"]}


async def strategy_requirements(session: AsyncSession, service_key: str) -> list[dict[str, Any]]:
    """The requirements ({id, text, weight}) of the service's newest approved strategy."""
    subject = Subject("service", service_key)
    statement = select(_version.text).where(
        _of(subject, PlanKind.STRATEGY), _version.state == PlanState.APPROVED
    )
    text = await session.scalar(statement)
    return [] if text is None else list(text["requirements"])


def sheet_versions(service: Any) -> Select[Any]:
    """The approved and the open version of each kind; only the text of the approved ones."""
    in_force = _version.state == PlanState.APPROVED
    return (
        select(
            _version.kind,
            _version.version,
            _version.state,
            _version.approved_at,
            _version.updated_at,
            case((in_force, _version.text), else_=literal(None)).label("text"),
        )
        .where(_version.service_key == service, _version.state.in_([PlanState.APPROVED, *OPEN]))
        .order_by(_version.kind, _version.version)
    )
