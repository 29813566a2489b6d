"""Every SQL statement about objectives and their links."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.objectives.rules import ObjectiveState
from catalog_api.objectives.tables import Objective, ObjectiveLink

_objective = Objective.__table__.c
_link = ObjectiveLink.__table__.c


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are objectives."""
    return await rows.known_values(session, _objective.key, keys)


async def objectives_of(session: AsyncSession, service_key: str) -> set[str]:
    """The active objectives that a service serves directly."""
    statement = (
        select(_link.objective_key)
        .join(Objective, _objective.key == _link.objective_key)
        .where(_link.service_key == service_key, _objective.state == ObjectiveState.ACTIVE)
    )
    return set(await session.scalars(statement))
