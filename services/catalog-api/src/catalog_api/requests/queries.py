"""Every SQL statement about requests."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.requests.rules import OPEN
from catalog_api.requests.tables import Request
from catalog_api.rows import table_of

_request = table_of(Request).c


async def open_requests(session: AsyncSession, service_key: str) -> int:
    """How many requests of a service's offerings have not ended."""
    statement = (
        select(func.count())
        .select_from(table_of(Request))
        .where(_request.service_key == service_key, _request.state.in_(OPEN))
    )
    return int(await session.scalar(statement) or 0)
