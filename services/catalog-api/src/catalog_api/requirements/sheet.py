"""What the service document and the facts show of requirements."""

from catalog_api.fact_values import definition
from catalog_api.requirements.queries import section
from catalog_api.requirements.rules import facts
from catalog_api.requirements.schemas import Requirements
from catalog_api.sheets import Section

_REQUIREMENTS = "requirements"
_DEFINITIONS = (
    definition(
        "open_requirement_count",
        "integer",
        _REQUIREMENTS,
        "Requirements of customers that are proposed or accepted and not answered",
    ),
    definition(
        "undecided_requirement_count",
        "integer",
        _REQUIREMENTS,
        "Of those, the ones neither accepted nor rejected",
    ),
    definition(
        "must_requirements_unanswered_count",
        "integer",
        _REQUIREMENTS,
        "Open requirements of priority must",
    ),
    definition(
        "answered_requirement_count",
        "integer",
        _REQUIREMENTS,
        "Requirements that a KPI, SLO or agreement answers",
    ),
)

SECTIONS = (
    Section(
        name="requirements",
        meaning="What customers need of the service, and how far targets answer it",
        shape=Requirements,
        select=section,
        definitions=_DEFINITIONS,
        facts=facts,
    ),
)
