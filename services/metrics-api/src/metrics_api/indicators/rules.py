"""What an incident adds to which sums. Pure, and on the hot path of the ingest.

A sum belongs to one service and one UTC day. All else (months, quarters, means, shares) is addition
and one division at the end, so figures are exact: durations are whole microseconds.
`indicators.queries` says the same in SQL for the parts of days; a property test compares the two.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import product
from typing import Final

from metrics_api.incidents.rules import OPEN, RESOLVED, FoldedIncident, Transition

DURATION_SUMS: Final = (
    "acknowledged_us",
    "resolved_us",
    "business_us",
    "hold_us",
    "no_hold_time_us",
)
MOVES: Final = (
    "move_opened",
    "move_reopened",
    "move_resolved",
    "move_closed_unresolved",
    "move_cancelled",
)
SUMS: Final = (
    # on the day of opening
    "opened",
    "unacknowledged",
    # on the day of acknowledgement
    "acknowledged",
    "acknowledged_us",
    "acknowledged_negative_duration",
    "acknowledged_no_opening_time",
    # on the day of resolution
    "resolved",
    "resolved_us",
    "resolved_negative_duration",
    "resolved_no_opening_time",
    "resolved_reopened",
    "first_contact_base",
    "first_contact",
    # Of what is the rule only the exceptions are summed: a delta has no room for what is not.
    "business_us",
    "no_business_time",
    "sla_met",
    "sla_breached",
    "bounced",
    "hold_us",
    "no_hold_time",
    "no_hold_time_us",
    "reworked",
    # on the day of the last move, for want of a resolution
    "no_resolution_time",
    "cancelled",
    # on the day of each move
    *MOVES,
)

ACTIVITY: Final = "activity"
"""Beside sums that were read: counts added up, 0 where no record left a trace. Of cells all counts
among SUMS, of incidents those that were asked for."""

Sums = dict[str, int]
"""Amounts by the name of the sum."""

DERIVED: Final[Mapping[str, Mapping[str, int]]] = {
    "open": {
        "move_opened": 1,
        "move_reopened": 1,
        "move_resolved": -1,
        "move_closed_unresolved": -1,
        "move_cancelled": -1,
    },
    "business": {"resolved": 1, "no_business_time": -1},
    "sla_clocks": {"sla_met": 1, "sla_breached": 1},
    "no_clock": {"resolved": 1, "sla_met": -1, "sla_breached": -1},
    "hold_known": {"resolved": 1, "no_hold_time": -1},
    "hold_base_us": {"resolved_us": 1, "no_hold_time_us": -1},
}
"""What is added up of other sums, here and in SQL: (sum, how often it counts)."""

CHANGES_DURATIONS: Final = ("resolved_us", "acknowledged_us", "business_us")
"""Sums that a delta carries, be they 0, wherever it may change a duration of its day."""

BOUNCED_FROM: Final = 2
"""Reassignments from which on an incident bounced: the first may find the right group."""


def parts_of(name: str) -> Mapping[str, int]:
    """The sums that a sum or derived sum is added up of."""
    return DERIVED.get(name, {name: 1})


def amount(name: str, sums: Mapping[str, int]) -> int:
    """A sum or derived sum."""
    return sum(times * sums[part] for part, times in parts_of(name).items())


Contributions = dict[tuple[str, date], Sums]
"""Sums by (service or '' if unattributed, UTC day)."""


def _moves_between(before: str | None, after: str) -> tuple[str, ...]:
    if before is None:
        # Seen first when all was over: it came and went at that moment, so the identity holds.
        return ("move_opened", *_moves_between("new", after))
    if before in OPEN:
        left = {
            "resolved": ("move_resolved",),
            "closed": ("move_closed_unresolved",),
            "cancelled": ("move_cancelled",),
        }
        return left.get(after, ())
    return ("move_reopened",) if after in OPEN else ()


_STATES = (*sorted(OPEN), *sorted(RESOLVED), "cancelled")
MOVES_BETWEEN: Final[dict[tuple[str | None, str], tuple[str, ...]]] = {
    (before, after): _moves_between(before, after)
    for before, after in product((None, *_STATES), _STATES)
}
"""Moves of the backlog (Records rule 5) by the states before and after a transition."""


def contributions(incident: FoldedIncident) -> Contributions:
    """What one incident adds; the ingest writes the difference of the states after and before."""
    totals: Contributions = {}
    service = incident.service or ""
    if incident.opened_at is not None:
        _add_opening(totals.setdefault((service, _day(incident.opened_at)), {}), incident)
    if incident.acknowledgement_at is not None:
        cell = totals.setdefault((service, _day(incident.acknowledgement_at)), {})
        _add_acknowledgement(cell, incident.opened_at, incident.acknowledgement_at)
    if incident.resolution_at is not None:
        cell = totals.setdefault((service, _day(incident.resolution_at)), {})
        _add_resolution(cell, incident, incident.resolution_at)
    if incident.transitions:
        _add_end_without_resolution(totals, service, incident)
        _add_moves(totals, service, incident.transitions)
    return totals


def accumulate(totals: Contributions, amounts: Contributions, sign: int = 1) -> None:
    """Add `amounts` to `totals` (sign 1) or take them off again (sign -1)."""
    for key, cell in amounts.items():
        into = totals.setdefault(key, {})
        for name, amount in cell.items():
            into[name] = into.get(name, 0) + sign * amount


def _day(stamp: datetime) -> date:
    return (stamp if stamp.tzinfo is UTC else stamp.astimezone(UTC)).date()


def _microseconds(start: datetime, end: datetime) -> int:
    span = end - start
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _add_opening(cell: Sums, incident: FoldedIncident) -> None:
    cell["opened"] = 1
    if incident.acknowledgement_at is None:
        cell["unacknowledged"] = 1


def _add_acknowledgement(cell: Sums, opened_at: datetime | None, at: datetime) -> None:
    if opened_at is None:
        cell["acknowledged_no_opening_time"] = 1
    elif at < opened_at:
        cell["acknowledged_negative_duration"] = 1
    else:
        cell["acknowledged"] = 1
        cell["acknowledged_us"] = _microseconds(opened_at, at)


def _add_resolution(cell: Sums, incident: FoldedIncident, at: datetime) -> None:
    if incident.opened_at is None:
        cell["resolved_no_opening_time"] = 1
        return
    if at < incident.opened_at:
        cell["resolved_negative_duration"] = 1
        return
    cell["resolved"] = 1
    cell["resolved_us"] = _microseconds(incident.opened_at, at)
    if incident.reopened:
        cell["resolved_reopened"] = 1
    if incident.channel != "monitoring":
        cell["first_contact_base"] = 1
        if resolved_on_first_contact(incident):
            cell["first_contact"] = 1
    _add_course(cell, incident)


def _add_course(cell: Sums, incident: FoldedIncident) -> None:
    """What became of the clocks of a resolved incident, and what went to waste on its way."""
    if incident.business_us is None:
        cell["no_business_time"] = 1
    else:
        cell["business_us"] = incident.business_us
    if incident.resolution_met is not None:
        cell["sla_met" if incident.resolution_met else "sla_breached"] = 1
    if (incident.reassignment_count or 0) >= BOUNCED_FROM:
        cell["bounced"] = 1
    if incident.hold_us is None:
        cell["no_hold_time"] = 1
        cell["no_hold_time_us"] = cell["resolved_us"]
    elif incident.hold_us:
        cell["hold_us"] = incident.hold_us
    if incident.reopened or handed_back(incident.transitions):
        cell["reworked"] = 1


def handed_back(transitions: tuple[Transition, ...]) -> bool:
    """Whether work that had begun was put back to where nobody had taken it up."""
    return any(
        move.to_state == "new" and move.from_state in ("in_progress", "on_hold")
        for move in transitions
    )


def resolved_on_first_contact(incident: FoldedIncident) -> bool:
    """Records rule 8: the tool's flag, else never reassigned and never reopened."""
    if incident.first_contact is not None:
        return incident.first_contact
    return not incident.reassignment_count and not incident.reopened


def _add_end_without_resolution(
    totals: Contributions, service: str, incident: FoldedIncident
) -> None:
    if incident.state == "cancelled":
        reason = "cancelled"
    elif incident.state in RESOLVED and incident.resolution_at is None:
        reason = "no_resolution_time"
    else:
        return
    totals.setdefault((service, _day(incident.transitions[-1].at)), {})[reason] = 1


def _add_moves(totals: Contributions, service: str, transitions: tuple[Transition, ...]) -> None:
    for at, before, after in transitions:
        moves = MOVES_BETWEEN[before, after]
        if moves:
            cell = totals.setdefault((service, _day(at)), {})
            for move in moves:
                cell[move] = cell.get(move, 0) + 1
