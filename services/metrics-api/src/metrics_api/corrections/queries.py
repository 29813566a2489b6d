"""Every SQL statement about corrections."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.corrections.rules import CorrectionState
from metrics_api.corrections.tables import Correction, CorrectionVersion
from metrics_api.versioned.queries import Versioned, one_row
from shared.kit.pagination import PageParams, keyset

_correction = Correction.__table__.c
CORRECTIONS = Versioned(Correction, CorrectionVersion, id="id", version_of="correction_id")


@dataclass(frozen=True)
class CorrectionFilter:
    """Which corrections; None asks for any."""

    service: str | None
    slo: str | None
    state: CorrectionState | None


async def get_correction(
    session: AsyncSession, correction: UUID, *, lock: bool = False
) -> Row[Any]:
    """One correction, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    statement = select(*_correction).where(_correction.id == correction)
    return await one_row(session, statement, "There is no such correction", lock=lock)


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


async def corrections_in_effect(
    session: AsyncSession, services: Collection[str], as_of: datetime | None = None
) -> Sequence[Row[Any]]:
    """The approved corrections of these services and their SLOs, now or as it was known then."""
    known = CORRECTIONS.known(as_of)
    statement = (
        select(*known)
        .where(known.service.in_(services), known.state == CorrectionState.APPROVED)
        .order_by(known.start, known.id)
    )
    return (await session.execute(statement)).all()
