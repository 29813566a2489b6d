"""The default gates over all three running services: what is taken away turns its criterion only.

One service has what is asked of it, through the public APIs; then one thing after the other is
taken away, and of all automated criteria of all six gates exactly the named one turns red.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.schemas.improvement import Gate, Outcome
from tests.support.business_cases import case_text
from tests.support.processes import System, running_system

KEY = "dealer-portal"
NOW = datetime.now(UTC)
TODAY = NOW.date()


class Demanding:
    """The running product with a service that has what the removals take away."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.made: dict[str, str] = {}

    def post(self, owner: str, path: str, body: Any, **request: Any) -> Any:
        return self.system.call(owner, "POST", path, json=body, **request).json()

    def delete(self, owner: str, path: str) -> None:
        self.system.call(owner, "DELETE", path, headers={"If-Match": "*"})

    def outcomes(self) -> dict[tuple[Gate, str], Outcome]:
        """What each automated criterion of each gate says now."""
        found = {}
        for gate in Gate:
            path = f"/v1/services/{KEY}/gates/{gate.value}/simulations"
            for one in self.system.call("improvement", "POST", path).json()["criteria"]:
                if one["kind"] == "automated":
                    found[gate, one["id"]] = Outcome(one["outcome"])
        return found


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demanding]:
    with running_system(tmp_path_factory.mktemp("demanding")) as system:
        made = Demanding(system)
        offer(made)
        perform(made)
        improve(made)
        yield made


def offer(to: Demanding) -> None:
    """What the catalog knows of the service."""
    to.post("catalog", "/v1/portfolios", {"key": "dealers", "name": "For dealers"})
    objective = {"key": "orders", "name": "Orders", "owner": "ada", "layer": "corporate"}
    to.post("catalog", "/v1/objectives", objective)
    service = {
        "key": KEY,
        "name": "Dealer portal",
        "portfolio": "dealers",
        "kind": "business",
        "stage": "operate",
        "criticality": "high",
        "owners": [{"role": "service_owner", "subject": "ada"}],
        "reason": "Dealers have used it for years",
    }
    to.post("catalog", "/v1/services/onboard", service)
    link = {"kind": "service", "target": KEY}
    to.made["link"] = to.post("catalog", "/v1/objectives/orders/links", link)["id"]
    cost = {
        "kind": "opex",
        "name": "Administrators",
        "category": "labour",
        "amount": "1000",
        "currency": "EUR",
        "per": "month",
        "starts_on": "2024-01-01",
    }
    to.made["cost"] = to.post("catalog", f"/v1/services/{KEY}/cost-items", cost)["id"]


def perform(to: Demanding) -> None:
    """What metrics-api knows of it: a target, and an incident that is resolved."""
    target = {
        "service": KEY,
        "kpi": "mttr",
        "comparator": "lte",
        "value": "5",
        "valid_from": str(TODAY),
        "owner": "ada",
    }
    to.post("metrics", "/v1/references/refresh", None)  # which it does by itself, if later
    to.made["target"] = to.post("metrics", "/v1/targets", target)["id"]
    to.post("metrics", "/v1/sources", {"key": "desk", "name": "Desk"})
    resolved = (NOW - timedelta(hours=1)).isoformat()
    incident(to, "INC-1", state="resolved", priority=3, resolved_at=resolved)


def incident(to: Demanding, external_id: str, **fields: Any) -> None:
    opened = (NOW - timedelta(hours=3)).isoformat()
    body = {"source": "desk", "external_id": external_id, "service": KEY, "opened_at": opened}
    to.post("metrics", "/v1/incidents", body | fields)


def improve(to: Demanding) -> None:
    """What improvement-api knows: a plan with an approved case, and a goal of another plan."""
    plan = to.made["plan"] = new_plan(to, "Runbooks")
    initiative = {"service": KEY, "kpi": "mttr", "title": "Runbooks", "start": str(TODAY)}
    to.post("improvement", f"/v1/plans/{plan}/initiatives", initiative)
    path = f"/v1/plans/{plan}/business-cases"
    case = to.post("improvement", path, case_text(services=[KEY]))
    of_case = f"{path}/{case['version']}"
    case = to.post("improvement", f"{of_case}/transitions", {"to": "submitted"})
    verdict = {"verdict": "approved", "text_hash": case["text_hash"], "comment": "It pays"}
    to.post("improvement", f"{of_case}/decisions", verdict, headers=mona(to.system))
    to.post("improvement", f"/v1/plans/{plan}/transitions", {"to": "approved"})
    goal = {
        "service": KEY,
        "kpi": "mttr",
        "comparator": "lte",
        "value": "4",
        "due_on": str(TODAY + timedelta(days=180)),
        "relevant_to": "orders",
        "owner": "ada",
        "reason": "The pilot halved it",
    }
    later = new_plan(to, "Self-service")
    to.made["goal"] = to.post("improvement", f"/v1/plans/{later}/goals", goal)["id"]


def new_plan(to: Demanding, title: str) -> str:
    body = {"title": title, "problem": "Dealers wait for a day.", "objective": "orders"}
    found: str = to.post("improvement", "/v1/plans", body)["id"]
    return found


def mona(system: System) -> dict[str, str]:
    """Who approves business cases."""
    asked = ("token", "--as", "mona", "--role", "portfolio_manager", "--scope", "approvals:write")
    return {"Authorization": f"Bearer {system.tollgate(*asked).stdout.strip()}"}


def serve_no_objective(to: Demanding) -> None:
    to.delete("catalog", f"/v1/objectives/orders/links/{to.made['link']}")


def pay_for_nothing(to: Demanding) -> None:
    path = f"/v1/services/{KEY}/cost-items/{to.made['cost']}"
    ended = {"ends_on": str(TODAY - timedelta(days=1))}
    to.system.call("catalog", "PATCH", path, json=ended, headers={"If-Match": "*"})


def find_a_high_risk(to: Demanding) -> None:
    risk = {
        "title": "No spare",
        "likelihood": 5,
        "impact": 5,
        "owner": "ada",
        "review_date": str(TODAY + timedelta(days=30)),
        "service": KEY,
    }
    to.post("catalog", "/v1/risks", risk)


def break_down(to: Demanding) -> None:
    incident(to, "INC-2", state="in_progress", major=True, priority=1)


def aim_at_nothing(to: Demanding) -> None:
    to.delete("metrics", f"/v1/targets/{to.made['target']}")


def promise_nothing(to: Demanding) -> None:
    to.delete("improvement", f"/v1/goals/{to.made['goal']}")


def put_the_plan_on_hold(to: Demanding) -> None:
    move(to, "on_hold")


def withdraw_the_plan(to: Demanding) -> None:
    move(to, "withdrawn")


def plan_on_hold(to: Demanding) -> None:
    """A withdrawn plan fails what one on hold fails, and its business case: start from there."""
    plan = to.system.get("improvement", f"/v1/plans/{to.made['plan']}")
    if plan["state"] != "on_hold":
        put_the_plan_on_hold(to)


def nothing(_: Demanding) -> None:
    """Most removals start from the service as it is."""


def move(to: Demanding, state: str) -> None:
    body = {"to": state, "comment": "Not now"}
    to.post("improvement", f"/v1/plans/{to.made['plan']}/transitions", body)


Removal = Callable[[Demanding], None]
# What gates call the same demand differs where one asks more of it than the other.
REMOVALS: dict[Removal, set[str]] = {
    serve_no_objective: {"objectives-served"},
    pay_for_nothing: {"costs-recorded", "costs-estimated"},
    find_a_high_risk: {"high-risks-planned", "no-open-high-risk", "risks-closed"},
    break_down: {"no-major-incident"},
    aim_at_nothing: {"target", "targets-met"},
    promise_nothing: {"goals"},
    put_the_plan_on_hold: {"plan"},
    withdraw_the_plan: {"business-case"},
}
GIVEN: dict[Removal, Removal] = {withdraw_the_plan: plan_on_hold}


@pytest.mark.parametrize(
    ("remove", "named"), REMOVALS.items(), ids=[removal.__name__ for removal in REMOVALS]
)
def test_what_is_taken_away_turns_exactly_its_criterion_red(
    demanding: Demanding, remove: Removal, named: set[str]
) -> None:
    GIVEN.get(remove, nothing)(demanding)
    before = demanding.outcomes()

    remove(demanding)

    after = demanding.outcomes()
    red = [place for place in before if after[place] is Outcome.FAIL is not before[place]]
    gates = [gate for gate, _ in red]
    assert {criterion for _, criterion in red} == named
    assert len(gates) == len(set(gates)), "at no gate does one thing turn two criteria red"
