"""What plans and initiatives tell tollgates about a service."""

from typing import Final

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.plans.queries import FACTS

SHEET: Final = sheet_of_counts(
    (
        (
            "active_improvement_plans",
            "plans that are approved, in progress or in review with an initiative for the service",
        ),
        ("open_initiatives", "initiatives for the service that are planned or in progress"),
        ("done_initiatives", "initiatives for the service that are done, in plans not withdrawn"),
    ),
    FACTS,
)
