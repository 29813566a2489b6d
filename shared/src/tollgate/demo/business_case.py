"""The business case of the demo's improvement plan, approved, and what was booked of it so far."""

from typing import Any

from tollgate.demo.content import WORKED_EXAMPLE, YEAR
from tollgate.demo.making import Providers, change, create, ensure_each, listed

APPROVER = "paul.berger"  # not ines.moreau, who owns the plan

CASE: dict[str, Any] = {
    "summary": "Two quarters of work on common causes spare the business hours of waiting: a"
    " knowledge base for support, and tools that see the network fail before its users do.",
    "currency": "EUR",
    "discount_rate": "0.07",
    "starts_on": f"{YEAR}-04-01",
    "periodicity": "quarter",
    "periods": 12,
    "timing": "mid_period",
    "services": [row.service for row in WORKED_EXAMPLE],
    "assumptions": [
        {
            "key": "incidents",
            "name": "Incidents shortened",
            "unit": "incidents a quarter",
            "low": "260",
            "base": "340",
            "high": "400",
            "source": f"Incidents of {YEAR}-Q1 with a common cause, by category",
        },
        {
            "key": "hours-each",
            "name": "Shorter by",
            "unit": "hours an incident",
            "low": "0.8",
            "base": "1.7",
            "high": "2.1",
            "source": f"MTTR of {YEAR}-Q1 less that of the pilot teams",
        },
        {
            "key": "hour-of-support",
            "name": "An hour of second line support",
            "unit": "EUR",
            "low": "52",
            "base": "58",
            "high": "64",
            "source": "Rate card of IT operations",
        },
    ],
    "lines": [
        {
            "key": "knowledge-base",
            "name": "Setting up the knowledge base",
            "direction": "cost",
            "amount": "48000",
            "first_period": 0,
        },
        {
            "key": "monitoring",
            "name": "Licence for network monitoring",
            "direction": "cost",
            "amount": "22500",
            "first_period": 1,
            "last_period": 12,
            "every": 4,
        },
        {
            "key": "upkeep",
            "name": "Keeping articles and rules up to date",
            "direction": "cost",
            "amount": "6200",
            "first_period": 2,
            "last_period": 12,
        },
        {
            "key": "support-time",
            "name": "Time of second line support",
            "direction": "benefit",
            "benefit_kind": "cash_releasing",
            "amount": "1",
            "times": ["incidents", "hours-each", "hour-of-support"],
            "first_period": 2,
            "last_period": 12,
            "confidence": "0.8",
        },
        {
            "key": "overtime",
            "name": "Overtime at night that is not needed any more",
            "direction": "benefit",
            "benefit_kind": "avoided_cost",
            "amount": "4800",
            "first_period": 3,
            "last_period": 12,
            "confidence": "0.6",
        },
        {
            "key": "calm",
            "name": "Fewer interruptions in the branches",
            "direction": "benefit",
            "benefit_kind": "non_financial",
            "amount": "0",
            "first_period": 2,
            "last_period": 12,
        },
    ],
}
BOOKED: tuple[dict[str, Any], ...] = (
    {"line": "knowledge-base", "period": 0, "amount": "51340.00", "source": "Invoice KB-1187"},
    {"line": "monitoring", "period": 1, "amount": "21900.00", "source": "Invoice NM-0042"},
    {"line": "upkeep", "period": 2, "amount": "5875.50", "source": f"Timesheets {YEAR}-Q3"},
    {"line": "support-time", "period": 2, "amount": "24118.00", "source": f"Cost report {YEAR}-Q3"},
)


def ensure_approved_case(at: Providers, plan: str) -> bool:
    """Bring the plan's case as far as it goes; False where nobody else can approve it for us."""
    path = f"/v1/plans/{plan}/business-cases"
    cases = list(listed(at.improvement, path))
    if any(case["state"] == "approved" for case in cases):
        return True
    case = cases[0] if cases else create(at.improvement, path, CASE).json()
    of_case = f"{path}/{case['version']}"
    if case["state"] == "draft":
        case = change(at.improvement, "POST", f"{of_case}/transitions", {"to": "submitted"})
    approver = at.person(APPROVER, "portfolio_manager")
    if approver is None or case["state"] != "submitted":
        return False
    verdict = {
        "verdict": "approved",
        "text_hash": case["text_hash"],
        "comment": "It pays from 190 incidents a quarter on, and the pilot shortened more",
    }
    change(at.improvement, "POST", f"{of_case}/decisions", verdict, auth=approver)
    return True


def ensure_booked(at: Providers, plan: str) -> None:
    """What finance has booked of the approved case."""
    ensure_each(at.improvement, f"/v1/plans/{plan}/actuals", BOOKED, "source")
