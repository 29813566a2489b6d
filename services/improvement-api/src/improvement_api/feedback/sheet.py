"""What feedback tells tollgates about a service."""

from typing import Final

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.feedback.queries import FACTS

SHEET: Final = sheet_of_counts(
    (
        (
            "unanswered_feedback_themes",
            "themes of the service with as many mentions as open a plan, without an answer"
            " to customers and without a plan that is approved, in progress or in review",
        ),
    ),
    FACTS,
)
