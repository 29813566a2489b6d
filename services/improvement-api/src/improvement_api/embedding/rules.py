"""How far a process is lived: of the live services that it concerns, those that meet its demands.

Demands are expressions over facts, as the criteria of gates are, so that the formula that is shown
is the one that is computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from improvement_api.facts.expressions import EvaluationError, evaluate
from improvement_api.facts.rules import Broken, Owner, OwnerReply, UsedFact, for_expression, look_up
from improvement_api.gates.defaults import FACTS_OF_DEFAULTS
from shared.schemas.common import FactValue
from shared.schemas.metrics import KpiId
from shared.schemas.processes import Process


@dataclass(frozen=True)
class Demand:
    says: str
    expression: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Embedding:
    """What living a process means; `concerns` is a fact that exempts services, with its value."""

    process: Process
    of: str
    demands: tuple[Demand, ...]
    outcome: KpiId
    concerns: tuple[str, str] | None = None

    @property
    def formula(self) -> str:
        """Numerator over denominator, in words and in the expressions that are computed."""
        asked = " and ".join(f"{one.says} (`{one.expression}`)" for one in self.demands)
        counted = "" if self.concerns is None else f" (`{self.concerns[1]}`)"
        return f"{self.of} where {asked} / {self.of}{counted}"


@dataclass(frozen=True)
class Standing:
    """How one service stands to one process; `lived` is null where it does not concern it."""

    process: Process
    lived: bool | None
    missing: tuple[str, ...]


_LIVE: Final = "live services"
EMBEDDINGS: Final = (
    Embedding(
        Process.SERVICE_STRATEGY_DEFINITION,
        _LIVE,
        (
            Demand(
                "a strategy was approved within two years",
                "strategy_age_days <= 730.0",
                ("strategy_age_days",),
            ),
            Demand(
                "an objective is served",
                "served_objective_count >= 1.0",
                ("served_objective_count",),
            ),
        ),
        KpiId.CSAT,
    ),
    Embedding(
        Process.SERVICE_ROADMAP_DEFINITION,
        _LIVE,
        (
            Demand(
                "a roadmap was approved within a year",
                "roadmap_age_days <= 366.0",
                ("roadmap_age_days",),
            ),
            Demand(
                "no item is late",
                "roadmap_overdue_item_count == 0.0",
                ("roadmap_overdue_item_count",),
            ),
        ),
        KpiId.NPS,
    ),
    Embedding(
        Process.SERVICE_DEVELOPMENT_MANAGEMENT,
        "live services with a development record to keep",
        (
            Demand(
                "the design package is approved",
                "design_package_approved",
                ("design_package_approved",),
            ),
            Demand(
                "tests passed and none failed",
                "tests_passed_count >= 1.0 && tests_failed_count == 0.0",
                ("tests_passed_count", "tests_failed_count"),
            ),
        ),
        KpiId.CHANGE_FAILURE_RATE,
        ("development_needed", "development_needed"),
    ),
    Embedding(
        Process.SERVICE_LIFECYCLE_MANAGEMENT,
        _LIVE,
        (
            Demand(
                "exactly one person owns it",
                "service_has_service_owner",
                ("service_has_service_owner",),
            ),
            Demand("the RACI is complete", "raci_complete", ("raci_complete",)),
            Demand(
                "no high risk is open",
                "highest_open_risk_score < 15.0",
                ("highest_open_risk_score",),
            ),
        ),
        KpiId.UNPLANNED_OUTAGES,
    ),
    Embedding(
        Process.SERVICE_FINANCIAL_MANAGEMENT,
        _LIVE,
        (
            Demand("costs are recorded", "cost_items_count >= 1.0", ("cost_items_count",)),
            Demand("a charging model holds", "charging_model_defined", ("charging_model_defined",)),
        ),
        KpiId.LOW_VALUE_SHARE,
    ),
    Embedding(
        Process.SERVICE_CATALOG_MANAGEMENT,
        "live services that are not technical",
        (
            Demand(
                "an offering is published",
                "published_offering_count >= 1.0",
                ("published_offering_count",),
            ),
            Demand(
                "support hours are set",
                "service_support_hours_defined",
                ("service_support_hours_defined",),
            ),
        ),
        KpiId.FULFILMENT_TIME,
        ("service_kind", "service_kind != 'technical'"),
    ),
    Embedding(
        Process.SERVICE_PERFORMANCE_MANAGEMENT,
        _LIVE,
        (
            Demand("a target is set", "targets_defined_count >= 1.0", ("targets_defined_count",)),
            Demand(
                "an agreement is active",
                "active_agreement_count >= 1.0",
                ("active_agreement_count",),
            ),
        ),
        KpiId.SLA_ATTAINMENT,
    ),
    Embedding(
        Process.VENDOR_PRODUCT_MANAGEMENT,
        "live services on vendor products",
        (
            Demand(
                "no contract has ended",
                "vendor_contracts_expired_count == 0.0",
                ("vendor_contracts_expired_count",),
            ),
            Demand(
                "no product is past its end of life",
                "vendor_products_past_end_of_life_count == 0.0",
                ("vendor_products_past_end_of_life_count",),
            ),
        ),
        KpiId.AVAILABILITY,
        ("vendor_product_count", "vendor_product_count >= 1.0"),
    ),
    Embedding(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT,
        _LIVE,
        (
            Demand(
                "a plan is active or an initiative is done",
                "active_improvement_plans >= 1.0 || done_initiatives >= 1.0",
                ("active_improvement_plans", "done_initiatives"),
            ),
            Demand(
                "no planned practice is overdue",
                "practices_overdue_count == 0.0",
                ("practices_overdue_count",),
            ),
        ),
        KpiId.PERMANENT_FIX_RATE,
    ),
    Embedding(
        Process.SERVICE_CONTINUITY_MANAGEMENT,
        _LIVE,
        (
            Demand(
                "a continuity plan is approved",
                "continuity_plan_approved",
                ("continuity_plan_approved",),
            ),
            Demand(
                "it passed a test within a year",
                "continuity_test_passed && days_since_continuity_test <= 366.0",
                ("continuity_test_passed", "days_since_continuity_test"),
            ),
        ),
        KpiId.MTTR,
    ),
)
FACTS: Final = frozenset(
    name for one in EMBEDDINGS for demand in one.demands for name in demand.facts
) | {one.concerns[0] for one in EMBEDDINGS if one.concerns is not None}
"""Every fact that the report is counted from."""
FACTS_BY_OWNER: Final = {
    owner: frozenset(name for name in FACTS if FACTS_OF_DEFAULTS[name].owner == owner)
    for owner in Owner
}


class CannotTell(Exception):
    """An owner did not answer: nothing is said of the service, rather than something wrong."""


def standings_of(replies: Mapping[Owner, OwnerReply], now: datetime) -> list[Standing]:
    """How a service stands to each of the ten processes; raises CannotTell."""
    seen = {name: _value(FACTS_OF_DEFAULTS[name], replies, now) for name in FACTS}
    return [_standing(one, seen) for one in EMBEDDINGS]


def _value(fact: UsedFact, replies: Mapping[Owner, OwnerReply], now: datetime) -> FactValue:
    found = look_up(fact, replies, now, None)
    if isinstance(found, Broken):
        raise CannotTell(found.reason)
    return found.seen


def _standing(embedding: Embedding, seen: Mapping[str, FactValue]) -> Standing:
    if embedding.concerns is not None:
        fact, expression = embedding.concerns
        if not _holds(expression, (fact,), seen):
            return Standing(embedding.process, None, ())
    missing = tuple(_lacking(demand, seen) for demand in embedding.demands)
    lacking = tuple(one for one in missing if one is not None)
    return Standing(embedding.process, not lacking, lacking)


def _lacking(demand: Demand, seen: Mapping[str, FactValue]) -> str | None:
    """What is not as demanded, with the values that show it; None where it is."""
    if _holds(demand.expression, demand.facts, seen):
        return None
    values = ", ".join(_shown(name, seen[name]) for name in demand.facts)
    return f"not so: {demand.says} ({values})"


def _holds(expression: str, facts: Sequence[str], seen: Mapping[str, FactValue]) -> bool:
    """A fact without value meets nothing."""
    if any(seen[name].value is None for name in facts):
        return False
    try:
        return evaluate(expression, {name: for_expression(seen[name].value) for name in facts})
    except EvaluationError:
        return False


def _shown(name: str, fact: FactValue) -> str:
    return f"{name} = {fact.value}" if fact.value is not None else f"{name}: {fact.reason}"
