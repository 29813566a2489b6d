"""What waivers tell tollgates about a service."""

from typing import Final

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.waivers.queries import FACTS

SHEET: Final = sheet_of_counts(
    (
        (
            "active_waivers_count",
            "waivers of the service that are approved and have not expired, at any gate",
        ),
    ),
    FACTS,
)
