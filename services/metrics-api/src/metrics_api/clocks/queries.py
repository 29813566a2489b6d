"""Every SQL statement of the clocks."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Text, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.clocks.support import hours_key, support_calendar
from metrics_api.copies.queries import copies_of, known_at
from metrics_api.copies.schemas import SupportHoursCopy
from metrics_api.copies.tables import CatalogCopy
from shared.calendars import Calendar
from shared.schemas.agreements import AgreementState, AgreementVersionOut, CalendarVersionOut


async def support_calendars(
    session: AsyncSession, services: Sequence[str], as_of: datetime | None = None
) -> dict[str, Calendar]:
    """The calendar that each of these services is supported by; every asked one is there.

    Hours of its active agreement, else its own support hours, else 24 × 7 UTC.
    """
    agreements = await active_agreements(session, services, as_of)
    keys = sorted({hours_key(agreement) for agreement in agreements})
    calendars = await copies_of(
        session, "calendar_version", CalendarVersionOut, keys=keys, as_of=as_of
    )
    hours = await copies_of(
        session, "support_hours", SupportHoursCopy, keys=list(services), as_of=as_of
    )
    return {
        service: support_calendar(service, agreements, calendars, hours) for service in services
    }


async def active_agreements(
    session: AsyncSession, services: Sequence[str], as_of: datetime | None = None
) -> list[AgreementVersionOut]:
    """Versions of agreements that are active and cover any of these services."""
    covered = CatalogCopy.data["text"]["services"]
    statement = (
        select(CatalogCopy.data)
        .where(
            CatalogCopy.kind == "agreement_version",
            CatalogCopy.data["state"].astext == AgreementState.ACTIVE,
            covered.op("?|")(literal(list(services), ARRAY(Text))),
            known_at(as_of),
        )
        .order_by(CatalogCopy.key)
    )
    rows = (await session.scalars(statement)).all()
    return [AgreementVersionOut.model_validate(data) for data in rows]
