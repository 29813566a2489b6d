"""Every SQL statement about priority schemes."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.priorities.tables import (
    PriorityScheme,
    PrioritySchemeVersion,
    ServicePriorityScheme,
)
from catalog_api.rows import table_of

_scheme = table_of(PriorityScheme).c
_version = table_of(PrioritySchemeVersion).c
_override = table_of(ServicePriorityScheme).c
_VERSION_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _version.scheme_key.label("scheme"),
    *(column for column in _version if column.name != "scheme_key"),
)


def _newest() -> Select[Any]:
    return select(*_VERSION_COLUMNS).join(
        PriorityScheme, (_scheme.key == _version.scheme_key) & (_scheme.version == _version.version)
    )


async def scheme_of(session: AsyncSession, service: str) -> Row[Any] | None:
    """The scheme version that holds for a service: its override, else the default; or none."""
    own = select(_override.scheme_key).where(_override.service_key == service).scalar_subquery()
    default = select(_scheme.key).where(_scheme.is_default).correlate(None).scalar_subquery()
    statement = _newest().where(_scheme.key == func.coalesce(own, default))
    return (await session.execute(statement)).first()
