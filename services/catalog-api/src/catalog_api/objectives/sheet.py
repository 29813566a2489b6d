"""What the service document and the facts show of objectives."""

from catalog_api.fact_values import definition
from catalog_api.objectives.cascade_queries import section
from catalog_api.objectives.rules import facts
from catalog_api.objectives.schemas import ObjectivesServed
from catalog_api.sheets import Section

_DEFINITIONS = (
    definition(
        "served_objective_count",
        "integer",
        "objectives",
        "Active objectives of the business that the service serves directly",
    ),
    definition(
        "served_corporate_objective_count",
        "integer",
        "objectives",
        "Different corporate objectives that the service contributes to through the cascade",
    ),
)

SECTIONS = (
    Section(
        name="objectives_served",
        meaning="The objectives of the business that the service serves directly",
        shape=ObjectivesServed,
        select=section,
        definitions=_DEFINITIONS,
        facts=facts,
    ),
)
