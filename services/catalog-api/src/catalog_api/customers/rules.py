"""When a customer's review is due, and which periods can stand beside each other.

Periods are [start, end) in days: the day `end` is the first one without; None is still running.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import known
from shared.errors import Conflict, Invalid
from shared.schemas.common import FactValue


class CustomerKind(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"


@dataclass(frozen=True)
class Period:
    """Days from `start` until before `end`; one that ends where it starts never was."""

    start: date
    end: date | None

    def covers(self, day: date) -> bool:
        return self.start <= day and not self.has_ended(day)

    def has_ended(self, day: date) -> bool:
        return self.end is not None and self.end <= day

    def overlaps(self, other: "Period") -> bool:
        latest_start = max(self.start, other.start)
        return not (self.has_ended(latest_start) or other.has_ended(latest_start))


def review_due_on(last_reviewed_on: date | None, known_since: date, cadence_days: int) -> date:
    """The day of the next review; the first one is due a cadence after the customer was added."""
    return (last_reviewed_on or known_since) + timedelta(days=cadence_days)


def is_overdue(due_on: date, today: date, *, active: bool) -> bool:
    """The day has passed; a customer that has left is not reviewed any more."""
    return active and due_on < today


def check_reviewed(on: date | None, today: date) -> None:
    """A review that is still to come cannot have been held (422)."""
    if on is not None and on > today:
        raise Invalid(
            f"{on} is still to come: say when the last review was held",
            code="in_the_future",
            pointer="/last_reviewed_on",
        )


def check_order(period: Period, pointer: str) -> None:
    """A period ends on or after the day it starts (422)."""
    if period.end is not None and period.end < period.start:
        raise Invalid(
            f"It began on {period.start} and cannot end before that",
            code="ends_before_start",
            pointer=pointer,
        )


def check_free(wanted: Period, taken: Iterable[Period], what: str) -> None:
    """Two periods of the same thing do not overlap (409)."""
    for other in taken:
        if wanted.overlaps(other):
            until = "is still running" if other.end is None else f"ends on {other.end}"
            raise Conflict(
                f"{what}, from {other.start}, which {until}: end it, or start when it has ended",
                code="overlapping_period",
                overlapping_from=other.start,
                overlapping_to=other.end,
            )


def check_not_over(period: Period, today: date, what: str) -> None:
    """What has ended is history (409)."""
    if period.has_ended(today):
        raise Conflict(
            f"The {what} ended on {period.end} already: begin a new one",
            code="already_ended",
            ended_on=period.end,
        )


def check_active(customer: str, active: bool) -> None:
    """A customer that has left uses and asks for nothing new (409)."""
    if not active:
        raise Conflict(
            f"The customer {customer} is not active: make it active again first",
            code="customer_inactive",
            missing="active",
        )


def check_may_leave(customer: str, holding: Mapping[str, Sequence[str]]) -> None:
    """A customer leaves when nothing is left that somebody keeps up for it (409).

    `holding` has, by kind, the engaged services, active vital activities and open requirements.
    """
    left = {kind: list(keys) for kind, keys in holding.items() if keys}
    if left:
        named = "; ".join(
            f"{kind.replace('_', ' ')}: {', '.join(keys)}" for kind, keys in left.items()
        )
        raise Conflict(
            f"{customer} still has {named}. End, deactivate or withdraw those first",
            code="customer_engaged",
            missing=left,
        )


def check_represented(
    customer: str, representatives: Iterable[Period], day: date, services: Sequence[str]
) -> None:
    """Somebody speaks for a customer of live services, on that day or from a later one (409).

    Without one nobody can say what the customer needs, sign, or be asked how it went.
    """
    if services and all(period.has_ended(day) for period in representatives):
        raise Conflict(
            f"{customer} uses {', '.join(services)} and needs a representative on {day}:"
            " name one first",
            code="representative_required",
            services=list(services),
            missing="representative",
        )


@dataclass(frozen=True)
class Retention:
    """`ratio` is retained / engaged; null with its reason when nobody was engaged."""

    engaged: int
    retained: int
    ratio: float | None
    reason: str | None


def retention(engaged: int, retained: int) -> Retention:
    """Share of the customers of one day who are still customers on a later one."""
    if engaged == 0:
        return Retention(engaged, retained, None, "no customer was engaged on the first day")
    return Retention(engaged, retained, retained / engaged, None)


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Who uses the service today; all of it depends on the date."""
    return {
        "engaged_customer_count": known(section["engaged_count"], now),
        "customer_review_overdue_count": known(section["review_overdue_count"], now),
        "unrepresented_customer_count": known(section["unrepresented_count"], now),
    }
