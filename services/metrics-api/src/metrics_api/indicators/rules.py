"""What an incident adds to which sums. Pure, and on the hot path of the ingest.

A sum belongs to one service and one UTC day. All else (months, quarters, means, shares) is addition
and one division at the end, so figures are exact: durations are whole microseconds.
`indicators.queries` says the same in SQL for the parts of days; a property test compares the two.
"""

from datetime import UTC, date, datetime
from itertools import product
from typing import Final

from metrics_api.incidents.rules import OPEN, RESOLVED, FoldedIncident, Transition

DURATION_SUMS: Final = ("acknowledged_us", "resolved_us")
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
    # on the day of the last move, for want of a resolution
    "no_resolution_time",
    "cancelled",
    # on the day of each move
    *MOVES,
)

Sums = dict[str, int]
"""Amounts by the name of the sum."""

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
