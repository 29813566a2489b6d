"""Every SQL statement that asks whether a service is known here."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Invalid, NotFound


async def get_service_name(
    session: AsyncSession, service: str, as_of: datetime | None = None
) -> str:
    """The name of a service; 404 when the catalog never told of it, or had not by then."""
    statement = text("SELECT name FROM metrics.service_copy WHERE key = :key")
    if as_of is not None:
        statement = text(
            "SELECT name FROM metrics.service_version WHERE key = :key AND recorded_at <= :then"
            " ORDER BY revision DESC LIMIT 1"
        )
    name: str | None = await session.scalar(statement, {"key": service, "then": as_of})
    if name is None:
        raise NotFound(f"There is no service {service}")
    return name


async def require_service(session: AsyncSession, service: str) -> None:
    """422 at `/service` of a body that names a service which is not known."""
    try:
        await get_service_name(session, service)
    except NotFound:
        raise Invalid(
            f"There is no service {service} known here: create it in the catalog, or refresh",
            code="unknown_service",
            pointer="/service",
        ) from None
