"""What the service document and the facts show of priorities."""

from catalog_api.fact_values import definition
from catalog_api.priorities.queries import section
from catalog_api.priorities.rules import facts
from catalog_api.priorities.schemas import SchemeInSheet
from catalog_api.sheets import Section

_DEFINITIONS = (
    definition(
        "priority_scheme_assigned",
        "boolean",
        None,
        "A priority scheme holds for the service: its own, or the default",
    ),
    definition(
        "priority_targets_complete",
        "boolean",
        None,
        "Every priority of that scheme has a response and a resolution target",
    ),
)

SECTIONS = (
    Section(
        name="priority_scheme",
        meaning="The priority scheme that holds for the service; null while there is none",
        shape=SchemeInSheet | None,
        select=section,
        definitions=_DEFINITIONS,
        facts=facts,
    ),
)
