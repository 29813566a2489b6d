"""Every SQL statement about corrections."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.corrections.rules import CorrectionState
from metrics_api.corrections.tables import Correction, CorrectionVersion
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset

_correction = Correction.__table__.c
_version = CorrectionVersion.__table__.c


@dataclass(frozen=True)
class CorrectionFilter:
    """Which corrections; None asks for any."""

    service: str | None
    slo: str | None
    state: CorrectionState | None


async def insert_correction(session: AsyncSession, correction: Mapping[str, Any]) -> None:
    await session.execute(insert(Correction).values(**correction))


async def replace_correction(session: AsyncSession, correction: Mapping[str, Any]) -> None:
    statement = update(Correction).where(_correction.id == correction["id"])
    await session.execute(statement.values(**correction))


async def keep_version(
    session: AsyncSession, correction: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    """Keep what a version says; `data` are its fields as on the wire."""
    version = {name: correction[name] for name in ("version", "recorded_at", "recorded_by")}
    statement = insert(CorrectionVersion)
    await session.execute(
        statement.values(**version, correction_id=correction["id"], data=dict(data))
    )


async def get_correction(
    session: AsyncSession, correction: UUID, *, lock: bool = False
) -> Row[Any]:
    """One correction, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    statement = select(*_correction).where(_correction.id == correction)
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound("There is no such correction")
    return row


async def list_corrections(
    session: AsyncSession, wanted: CorrectionFilter, page: PageParams
) -> list[Row[Any]]:
    """Corrections, the latest start first, one more than the page holds."""
    statement = select(*_correction)
    for column, value in (
        (_correction.service, wanted.service),
        (_correction.slo, wanted.slo),
        (_correction.state, wanted.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    order = [_correction.start.desc(), _correction.id.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def list_versions(
    session: AsyncSession, correction: UUID, page: PageParams
) -> list[Row[Any]]:
    """Versions of a correction, newest first, one more than the page holds."""
    statement = select(_version.data, _version.version).where(_version.correction_id == correction)
    order = [_version.version.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def corrections_in_effect(
    session: AsyncSession, services: Collection[str]
) -> Sequence[Row[Any]]:
    """The approved corrections of these services and their SLOs."""
    statement = (
        select(*_correction)
        .where(_correction.service.in_(services), _correction.state == CorrectionState.APPROVED)
        .order_by(_correction.start, _correction.id)
    )
    return (await session.execute(statement)).all()
