"""Every SQL statement about vital activities and what supports them."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.vital_activities.tables import Support, VitalActivity

_activity = VitalActivity.__table__.c
_support = Support.__table__.c


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are vital activities."""
    return await rows.known_values(session, _activity.key, keys)


async def supported_by(session: AsyncSession, service_key: str) -> set[str]:
    """The active vital activities that a service supports, however strongly."""
    statement = (
        select(_support.vital_activity_key)
        .join(VitalActivity, _activity.key == _support.vital_activity_key)
        .where(_support.service_key == service_key, _activity.active)
    )
    return set(await session.scalars(statement))
