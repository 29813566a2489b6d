"""What the service document and the facts show of touchpoints."""

from catalog_api.fact_values import definition
from catalog_api.sheets import Section
from catalog_api.touchpoints.queries import section
from catalog_api.touchpoints.rules import facts
from catalog_api.touchpoints.schemas import Touchpoints

_DEFINITIONS = (
    definition(
        "touchpoint_count",
        "integer",
        "touchpoints",
        "Active touchpoints at which the service is offered",
    ),
    definition("touchpoint_channels", "list", None, "Channels of those touchpoints, each once"),
    definition(
        "touchpoints_without_hours_count",
        "integer",
        "touchpoints",
        "Of those, the ones that say no hours",
    ),
)

SECTIONS = (
    Section(
        name="touchpoints",
        meaning="Where customers meet the service",
        shape=Touchpoints,
        select=section,
        definitions=_DEFINITIONS,
        facts=facts,
    ),
)
