"""Every SQL statement about initiatives."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.initiatives.tables import Initiative, InitiativeVersion
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import InitiativePut, KpiId

_COLUMNS = Initiative.__table__.c


async def put_initiative(
    session: AsyncSession, initiative: str, body: InitiativePut, now: datetime
) -> Row[Any]:
    """Write an initiative unless a newer revision of it is known; what is known afterwards."""
    values = body.model_dump()
    values["starts_on"], values["ends_on"] = values.pop("start"), values.pop("end")
    values |= {"id": initiative, "recorded_at": now}
    statement = insert(Initiative).values(**values)
    taken = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[Initiative.id],
            set_=values,
            where=Initiative.revision < statement.excluded.revision,
        ).returning(Initiative.id)
    )
    if taken is not None:
        await session.execute(insert(InitiativeVersion).values(**values))
    return (await session.execute(select(*_COLUMNS).where(Initiative.id == initiative))).one()


async def list_initiatives(
    session: AsyncSession, service: str | None, kpi: KpiId | None, page: PageParams
) -> list[Row[Any]]:
    """Initiatives by service, KPI and first day, one more than the page holds."""
    statement = select(*_COLUMNS)
    if service is not None:
        statement = statement.where(Initiative.service == service)
    if kpi is not None:
        statement = statement.where(Initiative.kpi == kpi)
    order = [_COLUMNS.service, _COLUMNS.kpi, _COLUMNS.starts_on, _COLUMNS.id]
    return list((await session.execute(keyset(statement, order, page))).all())
