"""What measured benefits tell tollgates about a service."""

from typing import Final

from improvement_api.benefits.queries import FACTS
from improvement_api.fact_sheets import sheet_of_counts

SHEET: Final = sheet_of_counts(
    (
        (
            "effects_shown_count",
            "done initiatives for the service whose KPI was shown to have improved by them",
        ),
        (
            "initiatives_without_measured_effect_count",
            "done initiatives for the service that were not measured, or not since their"
            " dates changed",
        ),
        (
            "guard_rails_worse_count",
            "KPIs of the service that a plan was to guard and that it made worse beyond the"
            " tolerance",
        ),
    ),
    FACTS,
)
