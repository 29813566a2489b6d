"""The Employee Hub comes, the Intranet goes: a development record and a retirement plan."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tollgate.demo.making import Providers, change, ensure, read

COMING, GOING = "employee-hub", "intranet"
DOCUMENTS = (
    ("architecture", "Architecture of the Employee Hub", "approved"),
    ("privacy", "What is kept of whom, and for how long", "reviewed"),
    ("content-model", "Kinds of pages and forms", "draft"),
)
BUILD = {"reference": "employee-hub 0.4.0", "uri": None, "state": "in_progress"}
TESTS = (
    ("sign-on", "Signs on with our accounts", "passed"),
    ("search", "Finds a form in one search", "failed"),
    ("load", "Six hundred people at nine o'clock", "not_run"),
)
DONE = {"security-reviewed": "Two findings, both mended", "monitoring": None}

RETIREMENT_STEPS = (
    ("tell-customers", "Tell the customers when it ends", -20, True),
    ("move-pages", "Move the pages that are still read", 60, False),
    ("archive", "Archive the rest for ten years", 170, False),
)
APPROVER = "paul.berger"
MOVED = ("finance", 30)


def load_lifecycle(at: Providers, until: date) -> None:
    """Neither is ready: the one lacks tests, from the other two customers have not moved yet."""
    _develop(at, until)
    _retire(at, until)


def _develop(at: Providers, until: date) -> None:
    path = f"/v1/services/{COMING}/development"
    ensure(at.catalog, path, _development(until))
    checklist = {item["id"]: item for item in read(at.catalog, path)["checklist"]}
    for item, note in DONE.items():
        if item in checklist and not checklist[item]["done"]:
            body = {"done": True, "note": note}
            change(at.catalog, "PUT", f"{path}/checklist/{item}", body)


def _retire(at: Providers, until: date) -> None:
    path = f"/v1/services/{GOING}/retirement-plan"
    ensure(at.catalog, path, _retirement(until))
    plan = read(at.catalog, path)
    done = {step["id"]: step["done"] for step in plan["steps"]}
    for step, _, _, is_done in RETIREMENT_STEPS:
        if is_done and done.get(step) is False:
            change(at.catalog, "PUT", f"{path}/steps/{step}", {"done": True})
    customer, days_ago = MOVED
    if plan["customers_migrated"] == 0:
        body = {"migrated_on": str(until - timedelta(days=days_ago)), "to": COMING}
        change(at.catalog, "PUT", f"{path}/customers/{customer}", body)
    approver = at.person(APPROVER)
    if plan["state"] == "draft" and approver is not None:
        change(at.catalog, "POST", f"{path}/approval", None, auth=approver)


def _development(until: date) -> dict[str, Any]:
    ran_at = datetime.combine(until - timedelta(days=6), time(15), UTC).isoformat()
    return {
        "design_package": [
            {
                "id": key,
                "title": title,
                "uri": f"https://docs.example/{COMING}/{key}",
                "state": state,
            }
            for key, title, state in DOCUMENTS
        ],
        "build": BUILD,
        "tests": [
            {
                "id": key,
                "name": name,
                "result": result,
                "executed_at": None if result == "not_run" else ran_at,
                "uri": None,
            }
            for key, name, result in TESTS
        ],
    }


def _retirement(until: date) -> dict[str, Any]:
    return {
        "successor": COMING,
        "planned_on": str(until + timedelta(days=200)),
        "steps": [
            {"id": key, "text": text, "due": str(until + timedelta(days=due))}
            for key, text, due, _ in RETIREMENT_STEPS
        ],
    }
