"""What a root cause analysis must be, its states, and when a fix has proven itself. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Invalid

LEAST_WHYS, MOST_WHYS = 3, 7
WATCHED_TIMES: Final = 3
CHECKED_EVERY: Final = timedelta(days=1)


class AnalysisState(StrEnum):
    OPEN = "open"
    CAUSE_FOUND = "cause_found"
    FIX_IMPLEMENTED = "fix_implemented"
    VERIFIED = "verified"
    CLOSED = "closed"


class Method(StrEnum):
    FIVE_WHYS = "five_whys"
    CAUSE_TREE = "cause_tree"


class FixOutcome(StrEnum):
    PENDING = "pending"
    HELD = "held"
    RECURRED = "recurred"


class Finding(StrEnum):
    """What one question for recurrences meant for the fix."""

    TOO_EARLY = "too_early"
    HELD = "held"
    RECURRED = "recurred"


FOUND: Final = frozenset(AnalysisState) - {AnalysisState.OPEN}
"""States in which the cause is known: from these on an analysis covers its incidents."""
WATCHED: Final = frozenset({AnalysisState.FIX_IMPLEMENTED, AnalysisState.VERIFIED})

# What people do. A fix is put in with its own operation; that it holds is found by a query only,
# and that it does not opens the analysis again.
MOVES: Final[Mapping[AnalysisState, tuple[AnalysisState, ...]]] = {
    AnalysisState.OPEN: (AnalysisState.CAUSE_FOUND,),
    AnalysisState.CAUSE_FOUND: (),
    AnalysisState.FIX_IMPLEMENTED: (),
    AnalysisState.VERIFIED: (AnalysisState.CLOSED,),
    AnalysisState.CLOSED: (),
}


@dataclass(frozen=True)
class Cause:
    """A statement: the problem (no parent), or a cause of its parent with what shows it."""

    id: str
    parent: str | None
    text: str
    evidence: str
    root_cause: bool


def check_not_by_hand(state: AnalysisState, to: AnalysisState) -> None:
    """Say of the moves that nobody makes how they come about (409)."""
    if to is AnalysisState.VERIFIED:
        raise Conflict(
            "A fix is verified by the query for recurrences alone, when its days have passed",
            code="verified_by_query_only",
            state=state.value,
            allowed=[move.value for move in MOVES[state]],
        )
    if to is AnalysisState.FIX_IMPLEMENTED and state is AnalysisState.CAUSE_FOUND:
        raise Conflict(
            "Say what the fix is and how a recurrence is known: POST …/fixes",
            code="fix_needed",
            state=state.value,
            allowed=[],
        )


def check_shape(causes: Sequence[Cause]) -> None:
    """Refuse what is no tree with one problem at its root (422, with the place in `causes`).

    No id twice, every parent there, exactly one problem, and no cause that causes itself by others.
    """
    place = {cause.id: number for number, cause in enumerate(causes)}
    for number, cause in enumerate(causes):
        if place[cause.id] != number:
            _refuse(number, "id", f"{cause.id} stands here twice", "repeated_cause")
        if cause.parent is not None and cause.parent not in place:
            _refuse(number, "parent", f"there is no cause {cause.parent}", "unknown_parent")
    problems = [number for number, cause in enumerate(causes) if cause.parent is None]
    if len(problems) > 1:
        _refuse(problems[1], "parent", "there is one problem only", "several_problems")
    reached = _reached(causes, problems)
    for number, cause in enumerate(causes):
        if cause.id not in reached:
            _refuse(number, "parent", f"{cause.id} causes itself", "cyclic_causes")


def _reached(causes: Sequence[Cause], problems: Sequence[int]) -> set[str]:
    """The ids that are reached from the problem; what is not is part of a circle, or hangs on one.

    (Every parent exists: so whoever goes up from a cause ends at a problem or goes in a circle.)
    """
    beneath = children(causes)
    reached: set[str] = set()
    waiting = [causes[number].id for number in problems]
    while waiting:
        one = waiting.pop()
        reached.add(one)
        waiting += [child.id for child in beneath.get(one, ())]
    return reached


def children(causes: Sequence[Cause]) -> dict[str, list[Cause]]:
    """The causes of each cause, in their order."""
    found: dict[str, list[Cause]] = {}
    for cause in causes:
        if cause.parent is not None:
            found.setdefault(cause.parent, []).append(cause)
    return found


def missing_for_cause(method: Method, causes: Sequence[Cause]) -> list[str]:
    """What keeps a (well shaped) tree from telling the cause; nothing: it may be called found."""
    if not causes:
        return ["the problem and its causes are not written down"]
    beneath = children(causes)
    whys = [cause for cause in causes if cause.parent is not None]
    missing = [f"{cause.id} has no evidence" for cause in whys if not cause.evidence.strip()]
    roots = [cause for cause in causes if cause.root_cause]
    if not roots:
        missing.append("no root cause is marked")
    for root in roots:
        if root.parent is None:
            missing.append("the problem is no root cause of itself")
        elif root.id in beneath:
            missing.append(f"{root.id} has causes of its own, so it is no root cause")
    return missing + (_missing_whys(whys, beneath) if method is Method.FIVE_WHYS else [])


def _missing_whys(whys: Sequence[Cause], beneath: Mapping[str, Sequence[Cause]]) -> list[str]:
    """Five whys are one chain; three may be enough, and after seven it is a tree that is needed."""
    missing = []
    if any(len(answers) > 1 for answers in beneath.values()):
        missing.append("five whys are one chain: use a cause tree where a cause has several")
    if not LEAST_WHYS <= len(whys) <= MOST_WHYS:
        missing.append(f"why was asked {len(whys)} times, not {LEAST_WHYS} to {MOST_WHYS}")
    return missing


def check_cause_found(method: Method, causes: Sequence[Cause]) -> None:
    """Refuse to call a cause found while something is missing, naming all of it (409)."""
    missing = missing_for_cause(method, causes)
    if missing:
        raise Conflict("; ".join(missing), code="cause_not_shown", missing=missing)


def verify_at(implemented_at: datetime, days: int) -> datetime:
    return implemented_at + timedelta(days=days)


def watch_until(implemented_at: datetime, days: int) -> datetime:
    """After it was verified a fix is watched on, to three times its days."""
    return implemented_at + timedelta(days=WATCHED_TIMES * days)


def judge(count: int, as_of: datetime, due: datetime) -> Finding:
    """What `count` recurrences from the fix to `as_of` say of a fix whose days pass at `due`."""
    if count > 0:
        return Finding.RECURRED
    return Finding.HELD if as_of >= due else Finding.TOO_EARLY


def next_check(finding: Finding, now: datetime, due: datetime, until: datetime) -> datetime | None:
    """When to ask again: daily, at the moment the days pass, and not after the watch has ended."""
    if finding is Finding.RECURRED:
        return None
    if finding is Finding.TOO_EARLY:
        # Not before the moment itself, but never at once: clocks of two services differ.
        return max(min(now + CHECKED_EVERY, due), now + timedelta(minutes=1))
    return min(now + CHECKED_EVERY, until) if now < until else None


def due_after(resolved_at: datetime | None, opened_at: datetime, within: timedelta) -> datetime:
    """When the cause of a major incident is to be found: counted from its resolution, if any."""
    return (resolved_at or opened_at) + within


def _refuse(number: int, member: str, detail: str, code: str) -> None:
    raise Invalid(detail, code=code, pointer=f"/causes/{number}/{member}")
