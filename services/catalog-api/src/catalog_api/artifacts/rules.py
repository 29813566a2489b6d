"""The ten key artifacts of a service management system, and how complete each is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known, unknown
from shared.schemas.common import FactValue


class ArtifactKey(StrEnum):
    SERVICE_GOVERNANCE_FRAMEWORK = "service-governance-framework"
    SERVICE_PLANNING_PROCESS = "service-planning-process"
    VOICE_OF_THE_CUSTOMER = "voice-of-the-customer"
    SERVICE_FULFILMENT_PLAN = "service-fulfilment-plan"
    SERVICE_PLAN = "service-plan"
    SERVICE_PORTFOLIO = "service-portfolio"
    SERVICE_CATALOG = "service-catalog"
    SERVICE_PRIORITY_SCHEME = "service-priority-scheme"
    SERVICE_PORTAL = "service-portal"
    SERVICE_QUALITY_LIFECYCLE = "service-quality-lifecycle"


class ResourceKind(StrEnum):
    """`document` and `portal` stand outside and are given by uri, all others by their key."""

    DOCUMENT = "document"
    PORTAL = "portal"
    BOARD = "board"
    PORTFOLIO = "portfolio"
    SERVICE = "service"
    CUSTOMER = "customer"
    TOUCHPOINT = "touchpoint"
    OFFERING = "offering"
    PRIORITY_SCHEME = "priority_scheme"
    PRACTICE = "practice"


MAX_RESOURCES = 100
OUTSIDE = frozenset({ResourceKind.DOCUMENT, ResourceKind.PORTAL})
_A, _R = ArtifactKey, ResourceKind

# What can realise an artifact: a priority scheme is no portal.
REALISED_BY: Mapping[ArtifactKey, frozenset[ResourceKind]] = {
    _A.SERVICE_GOVERNANCE_FRAMEWORK: frozenset({_R.DOCUMENT, _R.BOARD}),
    _A.SERVICE_PLANNING_PROCESS: frozenset({_R.DOCUMENT, _R.BOARD, _R.PRACTICE}),
    _A.VOICE_OF_THE_CUSTOMER: frozenset({_R.DOCUMENT, _R.CUSTOMER, _R.TOUCHPOINT}),
    _A.SERVICE_FULFILMENT_PLAN: frozenset({_R.DOCUMENT, _R.OFFERING}),
    _A.SERVICE_PLAN: frozenset({_R.DOCUMENT, _R.SERVICE, _R.PORTFOLIO}),
    _A.SERVICE_PORTFOLIO: frozenset({_R.DOCUMENT, _R.PORTFOLIO}),
    _A.SERVICE_CATALOG: frozenset({_R.DOCUMENT, _R.PORTAL, _R.OFFERING}),
    _A.SERVICE_PRIORITY_SCHEME: frozenset({_R.DOCUMENT, _R.PRIORITY_SCHEME}),
    _A.SERVICE_PORTAL: frozenset({_R.PORTAL, _R.TOUCHPOINT}),
    _A.SERVICE_QUALITY_LIFECYCLE: frozenset({_R.DOCUMENT, _R.PRACTICE}),
}


@dataclass(frozen=True)
class Holdings:
    """What the catalog holds, as far as artifacts are made of it."""

    services: int  # that are not retired
    services_managed: int  # in a portfolio with a manager and a strategy
    live: int
    live_offered: int  # with a published offering
    live_planned: int  # with an approved strategy
    live_agreed: int  # in the scope of an active agreement
    live_answered_for: int  # with a RACI of all ten processes
    live_planning_answered_for: int  # with a RACI of strategy and roadmap definition
    boards: int
    gates_decided: int  # by a board that decides wherever no other is named
    customers: int
    customers_heard: int  # with a representative, and reviewed in their cadence
    requirements: int
    offerings: int  # published
    offerings_with_steps: int
    offerings_with_form: int
    default_schemes: int
    portals: int  # touchpoints that are portals


@dataclass(frozen=True)
class Check:
    """How many of those that should are so, and what to say while they are not all."""

    done: int
    total: int
    missing: str

    @property
    def share(self) -> Decimal:
        return Decimal(self.done) / self.total if self.total else Decimal(0)

    @property
    def passed(self) -> bool:
        """Where there is nothing to count, nothing is there: that is not complete."""
        return 0 < self.total <= self.done


@dataclass(frozen=True)
class Registered:
    """An artifact as the register has it: `present` of its linked resources are still there."""

    key: ArtifactKey
    owner: str | None
    review_on: date | None
    linked: int
    present: int


@dataclass(frozen=True)
class Assessment:
    """Between 0 and 1; 1 only when nothing is missing."""

    completeness: Decimal
    missing: list[str]


def assess(artifact: Registered, holdings: Holdings, today: date) -> Assessment:
    """The mean of an artifact's checks, and what fails."""
    checks = [*_kept(artifact, today), *_content(artifact.key, holdings)]
    missing = [check.missing for check in checks if not check.passed]
    if not missing:
        return Assessment(Decimal(1), [])
    mean = sum((min(check.share, Decimal(1)) for check in checks), Decimal(0)) / len(checks)
    floored = min(mean, Decimal("0.9999")).quantize(Decimal("0.0001"), rounding=ROUND_FLOOR)
    return Assessment(floored, missing)


def _kept(artifact: Registered, today: date) -> list[Check]:
    """What every artifact needs of those who keep it."""
    reviewed = artifact.review_on is not None and artifact.review_on >= today
    because = "it has no review date"
    if artifact.review_on is not None:
        because = f"its review was due on {artifact.review_on}"
    gone = artifact.linked - artifact.present
    unrealised = f"{gone} of {artifact.linked} linked resources are gone"
    if not artifact.linked:
        unrealised = "no resource realises it"
    return [
        Check(int(artifact.owner is not None), 1, "nobody owns it"),
        Check(int(reviewed), 1, because),
        Check(artifact.present, max(artifact.linked, 1), unrealised),
    ]


def _content(key: ArtifactKey, held: Holdings) -> list[Check]:
    """What the catalog must hold for an artifact to be more than a name."""
    live = held.live
    return {
        _A.SERVICE_GOVERNANCE_FRAMEWORK: [
            Check(min(held.boards, 1), 1, "no board has been founded"),
            _share(held.gates_decided, 6, "gates have no board that decides them in general"),
            _share(held.live_answered_for, live, "live services have no RACI of all processes"),
        ],
        _A.SERVICE_PLANNING_PROCESS: [
            _share(held.live_planning_answered_for, live, "live services have no RACI of planning"),
        ],
        _A.VOICE_OF_THE_CUSTOMER: [
            _share(
                held.customers_heard,
                held.customers,
                "customers have no representative or are overdue for review",
            ),
            Check(min(held.requirements, 1), 1, "no requirement of a customer is recorded"),
        ],
        _A.SERVICE_FULFILMENT_PLAN: [
            _share(
                held.offerings_with_steps,
                held.offerings,
                "published offerings have no fulfilment steps",
            ),
        ],
        _A.SERVICE_PLAN: [
            _share(held.live_planned, live, "live services have no approved strategy"),
        ],
        _A.SERVICE_PORTFOLIO: [
            _share(
                held.services_managed,
                held.services,
                "services are in a portfolio without manager or strategy",
            ),
        ],
        _A.SERVICE_CATALOG: [
            _share(held.live_offered, live, "live services have no published offering"),
            _share(
                held.offerings_with_form, held.offerings, "published offerings have no request form"
            ),
        ],
        _A.SERVICE_PRIORITY_SCHEME: [
            Check(min(held.default_schemes, 1), 1, "no priority scheme is the default"),
        ],
        _A.SERVICE_PORTAL: [],
        _A.SERVICE_QUALITY_LIFECYCLE: [
            _share(held.live_agreed, live, "live services have no active agreement"),
        ],
    }[key]


def _share(done: int, total: int, lack: str) -> Check:
    return Check(done, total, f"{total - done} of {total} {lack}" if total else f"0 of 0: {lack}")


def next_review(today: date, cadence_days: int) -> date:
    return date.fromordinal(today.toordinal() + cadence_days)


DEFINITIONS = (
    definition(
        "key_artifacts_complete_count",
        "integer",
        "artifacts",
        "Of the ten key artifacts of service management, those that lack nothing",
    ),
    definition("key_artifacts_missing", "list", None, "Key artifacts that lack something"),
    definition(
        "key_artifacts_completeness", "number", "ratio", "Mean completeness of the ten, 0 to 1"
    ),
)


def facts(section: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, FactValue]:
    """The same for every service; as old as the oldest assessment that they rest on."""
    if not section:
        reason = "the artifacts have not been assessed yet"
        return {one.name: unknown(reason, now) for one in DEFINITIONS}
    as_of = min(datetime.fromisoformat(one["assessed_at"]) for one in section)
    lacking = sorted(one["artifact"] for one in section if one["missing"])
    mean = sum(float(one["completeness"]) for one in section) / len(section)
    return {
        "key_artifacts_complete_count": known(len(section) - len(lacking), as_of),
        "key_artifacts_missing": known(lacking, as_of),
        "key_artifacts_completeness": known(mean, as_of),
    }


def fitting(key: ArtifactKey) -> list[str]:
    """The kinds of resources that can realise an artifact, in order."""
    kinds: Collection[ResourceKind] = REALISED_BY[key]
    return sorted(kind.value for kind in kinds)
