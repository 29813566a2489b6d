"""What is computed of a service's continuity: how its plan stands, and its supply chain."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_api.continuity import queries, rules
from catalog_api.continuity.rules import NOTHING, ChainLink, Exercise, Link, Standing, Targets
from catalog_api.dependencies.rules import Node
from shared.kit.clock import now
from shared.kit.database import Session


@dataclass(frozen=True)
class Chain:
    """The plan in force, if there is one, and every hard provider beside it."""

    plan: Any | None
    links: Sequence[ChainLink]

    @property
    def complete(self) -> bool:
        """The service and all that it cannot do without are prepared."""
        return self.plan is not None and rules.is_complete(self.links)

    def count(self, link: Link) -> int:
        """How many providers are judged so."""
        return sum(one.link is link for one in self.links)


def standing_of(plan: Any, tests: Sequence[Any]) -> Standing:
    """How the plan in force stands today."""
    exercises = [
        Exercise(one.performed_on, one.result, one.achieved_rto_hours, one.achieved_rpo_hours)
        for one in tests
    ]
    first = plan.first_approved_at.date()
    return rules.standing(
        targets_of_plan(plan), exercises, plan.test_cadence_days, first, now().date()
    )


async def chain_of(
    session: Session, plan: Any | None, needed: Mapping[str, Collection[Node]]
) -> Chain:
    """The supply chain beside the plan in force; without one, only missing plans are told.

    `needed`: what each service of the chain needs hard itself.
    """
    providers = {node for nodes in needed.values() for node in nodes}
    known = await queries.targets_of(session, providers)
    own = NOTHING if plan is None else targets_of_plan(plan)
    return Chain(plan, rules.check_chain(own, providers, known))


def targets_of_plan(plan: Any) -> Targets:
    """What a plan promises."""
    return Targets(plan.tier, plan.rto_hours, plan.rpo_hours)
