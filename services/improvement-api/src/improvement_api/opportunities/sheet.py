"""What opportunities tell tollgates about a service."""

from typing import Final

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.opportunities.queries import FACTS

SHEET: Final = sheet_of_counts(
    (
        (
            "open_opportunities",
            "opportunities of the service that are new, assessed or accepted: without a plan yet",
        ),
    ),
    FACTS,
)
