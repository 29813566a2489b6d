"""Continuity in the service document, and the facts that tollgates read from it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.continuity import facts, queries
from catalog_api.continuity.judgements import chain_of, standing_of
from catalog_api.continuity.rules import Link
from catalog_api.continuity.schemas import (
    ChainLinkOut,
    ContinuityPlanOut,
    ContinuityTestOut,
    StandingOut,
    shown_link,
)
from catalog_api.dependencies.closures import hard_providers_below
from catalog_api.sheets import Section
from shared.kit.database import Query
from shared.schemas.common import Out

_TESTS = 5  # that the document shows
_PROBLEMS = 50


class ChainSection(Out):
    """The providers along the supply chain that are not prepared; the first of many."""

    complete: bool
    within: int
    breaking: int
    missing: int
    problems: list[ChainLinkOut]


class ContinuitySection(Out):
    """The plan in force, its last tests, and the supply chain."""

    plan: ContinuityPlanOut | None
    standing: StandingOut | None
    tests: list[ContinuityTestOut]
    chain: ChainSection


def _ask(key: str, _: datetime) -> Mapping[str, Query[Any]]:
    return {
        "continuity_plan": queries.plan_in_force(key),
        "continuity_tests": queries.newest_tests(key),
        "hard_providers": hard_providers_below([key]),
    }


async def _load(session: AsyncSession, _: str, said: Mapping[str, Any], __: datetime) -> Any:
    plan, tests = said["continuity_plan"], said["continuity_tests"]
    chain = await chain_of(session, plan, said["hard_providers"])
    problems = [one for one in chain.links if one.link is not Link.WITHIN]
    section = {
        "plan": plan,
        "standing": None if plan is None else standing_of(plan, tests),
        "tests": tests[:_TESTS],
        "chain": {
            "complete": chain.complete,
            "within": chain.count(Link.WITHIN),
            "breaking": chain.count(Link.BREAKS),
            "missing": chain.count(Link.MISSING),
            "problems": [shown_link(one) for one in problems[:_PROBLEMS]],
        },
    }
    return ContinuitySection.model_validate(section).model_dump(mode="json")


SECTIONS = (
    Section(
        "continuity",
        "The continuity plan in force, its tests, and how the supply chain is prepared",
        ContinuitySection,
        ask=_ask,
        load=_load,
        definitions=facts.DEFINITIONS,
        facts=facts.facts,
    ),
)
