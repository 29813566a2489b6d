"""What a theme of feedback that is spoken of again and again calls for. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from improvement_api.opportunities.rules import Cause, Figure
from improvement_api.triggers.definitions import FeedbackRepeated
from improvement_api.triggers.rules import Trigger


@dataclass(frozen=True)
class RepeatedFeedback:
    """A theme that has reached its threshold: `mentions` within `window_days` up to `until`.

    `newest` is the entry of feedback that was said last: each new one makes the cause occur again.
    """

    theme: UUID
    service: str
    title: str
    owner: str
    mentions: int
    threshold: int
    window_days: int
    newest: str
    until: datetime


def cause_of_feedback(trigger: Trigger, found: RepeatedFeedback) -> Cause | None:
    """The cause that a theme is by one trigger; None when that does not watch it."""
    watches = isinstance(trigger.body.condition, FeedbackRepeated)
    if not watches or not trigger.concerns(found.service):
        return None
    figure = Figure(
        measure="mentions",
        period=f"{found.window_days} days to {found.until.isoformat()}",
        value=float(found.mentions),
        comparator="lt",
        target=float(found.threshold),
        n=found.mentions,
        event=found.newest,
    )
    return Cause(
        trigger=trigger.key,
        trigger_version=trigger.version,
        service=found.service,
        subject=f"theme:{found.theme}",
        identity=found.newest,
        until=found.until,
        figures=[figure],
        title=found.title,
        problem=f"{found.mentions} comments of customers in {found.window_days} days on"
        f" {found.service} speak of it: {found.title}.",
        benefit=trigger.body.benefit,
        owner=trigger.body.owner or found.owner,
        quiet=timedelta(days=trigger.body.quiet_days),
    )
