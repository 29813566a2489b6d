"""Every SQL statement that asks whether a service is known here."""

from collections.abc import Sequence
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


_NAMES = "SELECT key, name FROM metrics.service_copy WHERE key = ANY(:keys)"
_NAMES_THEN = """
SELECT DISTINCT ON (key) key, name FROM metrics.service_version
WHERE key = ANY(:keys) AND recorded_at <= :then ORDER BY key, revision DESC"""


async def service_names(
    session: AsyncSession, keys: Sequence[str], as_of: datetime | None = None
) -> dict[str, str]:
    """Names of those of these services that are known, or were by then."""
    statement = text(_NAMES if as_of is None else _NAMES_THEN)
    rows = await session.execute(statement, {"keys": list(keys), "then": as_of})
    return {row.key: row.name for row in rows}


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
