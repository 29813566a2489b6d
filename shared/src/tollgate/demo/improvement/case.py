"""The business case of the story's plan. Its dates are relative to the day of the demo."""

from datetime import date
from typing import Any, Final

from tollgate.demo.improvement.portal import A_WEEK, BEGAN, PORTAL, monday_before

APPROVER = "henrik.dahl"  # manages the portfolio; the plan is its owner's
ASSUMPTIONS: Final = [
    {
        "key": "incidents",
        "name": "Incidents shortened",
        "unit": "incidents a quarter",
        "low": "120",
        "base": str(A_WEEK * 13),
        "high": "180",
        "source": "Incidents of the year before",
    },
    {
        "key": "hours-each",
        "name": "Shorter by",
        "unit": "hours an incident",
        "low": "2.5",
        "base": "4.0",
        "high": "5.0",
        "source": "What incidents took whose cause was known",
    },
    {
        "key": "hour-of-waiting",
        "name": "Margin of what a dealer orders elsewhere in an hour of waiting",
        "unit": "EUR",
        "low": "30",
        "base": "45",
        "high": "60",
        "source": "Sales, from the orders of two quarters",
    },
]
LINES: Final = [
    {
        "key": "runbooks",
        "name": "Runbooks for the twenty commonest causes",
        "direction": "cost",
        "amount": "36000",
        "first_period": 0,
    },
    {
        "key": "upkeep",
        "name": "Keeping the runbooks up to date",
        "direction": "cost",
        "amount": "4500",
        "first_period": 1,
        "last_period": 12,
    },
    {
        "key": "orders-kept",
        "name": "Orders that are not placed elsewhere",
        "direction": "benefit",
        "benefit_kind": "revenue",
        "amount": "1",
        "times": ["incidents", "hours-each", "hour-of-waiting"],
        "first_period": 1,
        "last_period": 12,
        "confidence": "0.7",
    },
]


def case_of(until: date) -> dict[str, Any]:
    """Twelve quarters from the month in which the initiative began."""
    return {
        "summary": "Dealers wait a day for what is mended in four hours once the causes are known:"
        " an order that is confirmed at once is not placed elsewhere.",
        "currency": "EUR",
        "discount_rate": "0.07",
        "starts_on": str(monday_before(until, BEGAN).replace(day=1)),
        "periodicity": "quarter",
        "periods": 12,
        "timing": "mid_period",
        "services": [PORTAL.key],
        "assumptions": ASSUMPTIONS,
        "lines": LINES,
    }
