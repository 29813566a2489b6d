"""What feedback tells tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.feedback.queries import count_unanswered
from shared.schemas.common import FactDefinition, FactValue

UNANSWERED: Final = "unanswered_feedback_themes"


async def _load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
    count = await count_unanswered(session, service, now)
    return {UNANSWERED: FactValue(value=count, as_of=now, reason=None)}


SHEET: Final = FactSheet(
    [
        FactDefinition(
            name=UNANSWERED,
            type=FactType.INTEGER,
            unit="count",
            owner=Owner.IMPROVEMENT,
            meaning="themes of the service with as many mentions as open a plan, without an answer"
            " to customers and without a plan that is approved, in progress or in review",
        )
    ],
    _load,
)
