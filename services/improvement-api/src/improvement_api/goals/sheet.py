"""What goals tell tollgates about a service."""

from typing import Final

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.goals.queries import FACTS

SHEET: Final = sheet_of_counts(
    (
        ("goals_defined_count", "SMART goals for the service in plans that are not withdrawn"),
        (
            "goals_overdue_count",
            "goals for the service that are due and not reached, in plans neither closed nor"
            " withdrawn",
        ),
    ),
    FACTS,
)
