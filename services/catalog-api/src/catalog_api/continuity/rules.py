"""How tests and the supply chain judge an approved continuity plan. Pure.

A plan's states and moves, and who may approve it, are those of every plan: plans/rules.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from catalog_api.dependencies.rules import Node
from catalog_api.plans.rules import SERVICE_OWNER

APPROVERS = ("continuity_manager", SERVICE_OWNER)
_NEEDED = ("strategy", "steps", "contacts")


class ExerciseKind(StrEnum):
    """How a plan is tested: talked through, tried beside the service, or done for real."""

    TABLETOP = "tabletop"
    SIMULATION = "simulation"
    FAILOVER = "failover"


class ExerciseResult(StrEnum):
    PASSED = "passed"
    PARTLY = "partly"
    FAILED = "failed"


class Link(StrEnum):
    """What the chain check says of a provider."""

    WITHIN = "within"
    BREAKS = "breaks"
    MISSING = "missing"


class Dimension(StrEnum):
    """What of a provider falls short of what the service promises."""

    TIER = "tier"
    RTO = "rto"
    RPO = "rpo"


@dataclass(frozen=True)
class Targets:
    """Tier 1 (most critical) to 4, and hours; None where nothing is promised."""

    tier: int | None
    rto_hours: Decimal | None
    rpo_hours: Decimal | None


NOTHING = Targets(None, None, None)


@dataclass(frozen=True)
class Exercise:
    """A test, as far as it is judged."""

    performed_on: date
    result: ExerciseResult
    achieved_rto_hours: Decimal | None
    achieved_rpo_hours: Decimal | None


@dataclass(frozen=True)
class Standing:
    """How an approved plan stands on a day; `test_due_on` is the last day that is in time."""

    last_passed_on: date | None
    test_due_on: date
    test_overdue: bool
    achieved_within_targets: bool | None


@dataclass(frozen=True)
class ChainLink:
    """A hard provider along the supply chain, and where it falls short."""

    provider: Node
    targets: Targets | None
    link: Link
    short_of: tuple[Dimension, ...]


def missing_parts(text: Mapping[str, Any]) -> list[str]:
    """What a plan still lacks before it can be reviewed."""
    return [part for part in _NEEDED if not text[part]]


def within_targets(exercise: Exercise, targets: Targets) -> bool | None:
    """Whether what a test achieved keeps the targets; None when it does not say."""
    pairs = (
        (exercise.achieved_rto_hours, targets.rto_hours),
        (exercise.achieved_rpo_hours, targets.rpo_hours),
    )
    if any(got is not None and to is not None and got > to for got, to in pairs):
        return False
    return None if any(got is None for got, _ in pairs) else True


def proves(exercise: Exercise, targets: Targets) -> bool:
    """A passed test counts, unless it took longer or lost more than the plan allows today."""
    passed = exercise.result is ExerciseResult.PASSED
    return passed and within_targets(exercise, targets) is not False


def standing(
    targets: Targets,
    exercises: Sequence[Exercise],
    cadence_days: int,
    approved_on: date,
    today: date,
) -> Standing:
    """How a plan stands; one never passed is due a cadence after it was first approved."""
    newest_first = sorted(exercises, key=lambda one: one.performed_on, reverse=True)
    passed = [one.performed_on for one in newest_first if proves(one, targets)]
    last = passed[0] if passed else None
    due = (last or approved_on) + timedelta(days=cadence_days)
    return Standing(
        last_passed_on=last,
        test_due_on=due,
        test_overdue=today > due,
        achieved_within_targets=(
            within_targets(newest_first[0], targets) if newest_first else None
        ),
    )


def check_chain(
    own: Targets, providers: Iterable[Node], known: Mapping[Node, Targets]
) -> list[ChainLink]:
    """Every hard provider beside the service's own plan, in the order of kind and key.

    A provider must be back as soon, lose as little, and be at least as critical. A vendor product
    promises its recovery time by contract, and neither a tier nor a recovery point.
    """
    return [_link(own, provider, known.get(provider)) for provider in sorted(providers)]


def is_complete(links: Iterable[ChainLink]) -> bool:
    """Everybody along the chain has a plan, and nobody falls short."""
    return all(one.link is Link.WITHIN for one in links)


def _link(own: Targets, provider: Node, targets: Targets | None) -> ChainLink:
    if targets is None:
        return ChainLink(provider, None, Link.MISSING, ())
    pairs = (
        (Dimension.TIER, own.tier, targets.tier),
        (Dimension.RTO, own.rto_hours, targets.rto_hours),
        (Dimension.RPO, own.rpo_hours, targets.rpo_hours),
    )
    short = tuple(
        dimension
        for dimension, ours, theirs in pairs
        if ours is not None and theirs is not None and theirs > ours
    )
    return ChainLink(provider, targets, Link.BREAKS if short else Link.WITHIN, short)
