"""What the service document and the facts show of vital activities."""

from catalog_api.fact_values import definition
from catalog_api.sheets import Section
from catalog_api.vital_activities.queries import section
from catalog_api.vital_activities.rules import facts
from catalog_api.vital_activities.schemas import VitalActivitiesSupported

_ACTIVITIES = "vital activities"
_DEFINITIONS = (
    definition(
        "vital_activities_supported_count",
        "integer",
        _ACTIVITIES,
        "Active vital activities of customers that the service supports",
    ),
    definition(
        "essential_vital_activity_count",
        "integer",
        _ACTIVITIES,
        "Of those, the ones that stop without the service",
    ),
    definition(
        "critical_vital_activity_count",
        "integer",
        _ACTIVITIES,
        "Of those, the ones of critical importance to their customer",
    ),
)

SECTIONS = (
    Section(
        name="vital_activities",
        meaning="What customers must be able to do and the service supports",
        shape=VitalActivitiesSupported,
        select=section,
        definitions=_DEFINITIONS,
        facts=facts,
    ),
)
