"""Every section of the service document, in the order in which a reader wants them."""

from collections.abc import Collection

from catalog_api.agreements import sheet as agreements
from catalog_api.artifacts import sheet as artifacts
from catalog_api.benchmarks import sheet as benchmarks
from catalog_api.boards import sheet as boards
from catalog_api.calendars import sheet as calendars
from catalog_api.ceilings import sheet as ceilings
from catalog_api.continuity import sheet as continuity
from catalog_api.customers import sheet as customers
from catalog_api.dependencies import sheet as dependencies
from catalog_api.development import sheet as development
from catalog_api.financials import sheet as financials
from catalog_api.objectives import sheet as objectives
from catalog_api.obligations import sheet as obligations
from catalog_api.offerings import sheet as offerings
from catalog_api.plans import sheet as plans
from catalog_api.practices import sheet as practices
from catalog_api.priorities import sheet as priorities
from catalog_api.raci import sheet as raci
from catalog_api.requests import sheet as requests
from catalog_api.requirements import sheet as requirements
from catalog_api.retirement import sheet as retirement
from catalog_api.risks import sheet as risks
from catalog_api.sheets import Section
from catalog_api.touchpoints import sheet as touchpoints
from catalog_api.vital_activities import sheet as vital_activities
from shared.schemas.common import FactDefinition

SECTIONS: tuple[Section, ...] = (
    *plans.SECTIONS,
    *objectives.SECTIONS,
    *customers.SECTIONS,
    *vital_activities.SECTIONS,
    *touchpoints.SECTIONS,
    *requirements.SECTIONS,
    *development.SECTIONS,
    *retirement.SECTIONS,
    *offerings.SECTIONS,
    *requests.SECTIONS,
    *agreements.SECTIONS,
    *calendars.SECTIONS,
    *priorities.SECTIONS,
    *dependencies.SECTIONS,
    *ceilings.SECTIONS,
    *continuity.SECTIONS,
    *financials.SECTIONS,
    *benchmarks.SECTIONS,
    *risks.SECTIONS,
    *obligations.SECTIONS,
    *raci.SECTIONS,
    *boards.SECTIONS,
    *practices.SECTIONS,
    *artifacts.SECTIONS,
)


def sections_with(names: Collection[str]) -> tuple[Section, ...]:
    """The sections that give one of these facts, in their order."""
    return tuple(
        section for section in SECTIONS if any(one.name in names for one in section.definitions)
    )


def section_definitions() -> list[FactDefinition]:
    """The facts that the sections give."""
    return [definition for section in SECTIONS for definition in section.definitions]
