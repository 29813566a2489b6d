"""Every SQL statement that asks whether a service is known here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Invalid, NotFound
from shared.kit.database import Query, answer, rows_of

_PRESENT_NAME: Final = "SELECT name FROM metrics.service_copy WHERE key = :key"
_NAME_THEN: Final = """
    SELECT name FROM metrics.service_version WHERE key = :key AND recorded_at <= :then
    ORDER BY revision DESC LIMIT 1
"""


def service_name(service: str, as_of: datetime | None = None) -> Query[str]:
    """The name of a service; 404 when the catalog never told of it, or had not by then."""

    def read(found: list[Any]) -> str:
        if not found:
            raise NotFound(f"There is no service {service}")
        name: str = found[0].name
        return name

    statement = _PRESENT_NAME if as_of is None else _NAME_THEN
    return Query(statement, {"key": service, "then": as_of}, read)


async def get_service_name(
    session: AsyncSession, service: str, as_of: datetime | None = None
) -> str:
    """What service_name asks for."""
    return await answer(session, service_name(service, as_of))


_NAMES: Final = "SELECT key, name FROM metrics.service_copy WHERE key = ANY(:keys)"
_NAMES_THEN: Final = """
SELECT DISTINCT ON (key) key, name FROM metrics.service_version
WHERE key = ANY(:keys) AND recorded_at <= :then ORDER BY key, revision DESC"""


async def service_names(
    session: AsyncSession, keys: Sequence[str], as_of: datetime | None = None
) -> dict[str, str]:
    """Names of those of these services that are known, or were by then."""
    statement = _NAMES if as_of is None else _NAMES_THEN
    rows = await rows_of(session, statement, {"keys": list(keys), "then": as_of})
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
