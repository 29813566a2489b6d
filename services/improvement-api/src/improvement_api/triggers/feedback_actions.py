"""Letting triggers fire by feedback, in the transaction of who counted it."""

from improvement_api.opportunities.cause_actions import Handled, open_opportunity_for_cause
from improvement_api.triggers.feedback_rules import RepeatedFeedback, cause_of_feedback
from improvement_api.triggers.queries import current_triggers
from shared.kit.database import Session


async def hear_repeated_feedback(session: Session, found: RepeatedFeedback) -> list[Handled]:
    """What became of a theme that has reached its threshold, by each trigger that watches it.

    Safe to repeat, and at once by many. Several themes of one transaction in the order of their
    ids, so that none deadlocks.
    """
    causes = [cause_of_feedback(trigger, found) for trigger in await current_triggers(session)]
    return [
        await open_opportunity_for_cause(session, cause) for cause in causes if cause is not None
    ]
