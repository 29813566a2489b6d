"""Business cases as tests write them and have them approved."""

from copy import deepcopy
from typing import Any

import httpx

from improvement_api.business_cases.texts import BusinessCaseText
from tests.support.improvement import Improvement

# Worked by hand in tests/unit/improvement_api/business_cases/test_worked_examples.py.
CASE: dict[str, Any] = {
    "summary": "A knowledge base shortens the handling of common issues.",
    "currency": "EUR",
    "discount_rate": "0.1",
    "starts_on": "2026-01-01",
    "periodicity": "year",
    "periods": 3,
    "assumptions": [
        {
            "key": "hours",
            "name": "Hours saved",
            "unit": "hours/year",
            "low": "200",
            "base": "1000",
            "high": "1200",
            "source": "Pilot of two teams",
        }
    ],
    "lines": [
        {
            "key": "licence",
            "name": "Knowledge base",
            "direction": "cost",
            "amount": "50000",
            "first_period": 0,
        },
        {
            "key": "agents",
            "name": "Time of agents",
            "direction": "benefit",
            "benefit_kind": "cash_releasing",
            "amount": "30",
            "times": ["hours"],
            "first_period": 1,
            "last_period": 3,
            "confidence": "0.9",
        },
    ],
}
APPROVER = "mona"


def case_text(**fields: Any) -> dict[str, Any]:
    """The text of a case, with other fields where they are given."""
    return deepcopy(CASE) | fields


def parsed(**fields: Any) -> BusinessCaseText:
    return BusinessCaseText.model_validate(case_text(**fields))


def line(key: str, amount: str, first: int, last: int | None = None, **fields: Any) -> Any:
    """A cost, or with a benefit_kind a benefit."""
    direction = "benefit" if fields.get("benefit_kind") else "cost"
    placed = {"first_period": first, "last_period": last}
    return {"key": key, "name": key, "direction": direction, "amount": amount} | placed | fields


def path_of(plan: Any, *more: Any) -> str:
    return "/".join([f"/v1/plans/{plan['id']}/business-cases", *map(str, more)])


async def drafted(tollgate: Improvement, plan: Any, **fields: Any) -> Any:
    reply = await tollgate.http.post(path_of(plan), json=case_text(**fields))
    assert reply.status_code == 201, reply.text
    return reply.json()


async def submitted(tollgate: Improvement, plan: Any, **fields: Any) -> Any:
    case = await drafted(tollgate, plan, **fields)
    reply = await moved(tollgate, case, "submitted")
    assert reply.status_code == 201, reply.text
    return reply.json()


async def moved(tollgate: Improvement, case: Any, to: str) -> httpx.Response:
    path = path_of({"id": case["plan"]}, case["version"], "transitions")
    return await tollgate.http.post(path, json={"to": to})


async def decided(
    tollgate: Improvement, case: Any, verdict: str, *who: str, **fields: Any
) -> httpx.Response:
    """By mona, a portfolio manager, unless others are named: a subject and its roles."""
    path = path_of({"id": case["plan"]}, case["version"], "decisions")
    body = {"verdict": verdict, "text_hash": case["text_hash"]} | fields
    headers = tollgate.caller(*(who or (APPROVER, "portfolio_manager")))
    return await tollgate.http.post(path, json=body, headers=headers)


async def approved_case(tollgate: Improvement, plan: Any, **fields: Any) -> Any:
    """A business case of a plan that was written, submitted and approved."""
    reply = await decided(tollgate, await submitted(tollgate, plan, **fields), "approved")
    assert reply.status_code == 201, reply.text
    return reply.json()
