"""Continuity in the service document, and the facts that tollgates read from it."""

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
from catalog_api.sheets import Section
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


async def _load(session: AsyncSession, key: str) -> Any:
    plan = await queries.plan_in_force(session, key)
    tests = await queries.newest_tests(session, key)
    chain = await chain_of(session, key, plan)
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
        load=_load,
        definitions=facts.DEFINITIONS,
        facts=facts.facts,
    ),
)
