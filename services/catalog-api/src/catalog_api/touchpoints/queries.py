"""Every SQL statement about touchpoints and the services that are offered at them."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.touchpoints.tables import Touchpoint

_touchpoint = Touchpoint.__table__.c


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are touchpoints."""
    return await rows.known_values(session, _touchpoint.key, keys)
