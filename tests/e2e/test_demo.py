"""The demo over the running product: every list shows something, and again changes nothing."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from subprocess import DEVNULL, Popen
from typing import Any

import httpx
import pytest

from tests.support.contracts import BODY, Contract, committed_contract, instances
from tests.support.eventually import soon
from tests.support.processes import COMMAND, System, running_system
from tollgate.demo.catalog.agreements import AGREEMENTS
from tollgate.demo.catalog.money import month_before
from tollgate.demo.metrics.webhooks import SOURCE as ALARMS

pytestmark = pytest.mark.slow

SERVICES = ("catalog", "metrics", "improvement")
OWNERS = ("catalog", "metrics")  # of facts that improvement-api asks for
NEEDED_QUERY = {
    "/v1/unit-memberships": {"subject": "noor.salem"},
    "/v1/feedback/loop": {"customer": "sales"},
    # Nearly all run in office hours: within the day that is asked by itself nothing may be due.
    "/v1/clocks/at-risk": {"within_hours": "8784"},
}
ANY_QUERY = {"kpi": "mttr", "periods": "2025-Q1,2025-Q2", "period": "2025-Q1", "kind": "csat"}
NAMED_BY_THE_CATALOG = ("/v1/services", "/v1/portfolios", "/v1/customers", "/v1/vendor-products")
EMPTY_BY_NATURE = {
    ("metrics", "/v1/prometheus-servers"): "the demo runs none that could be asked",
    ("metrics", "/v1/prometheus-queries"): "no server is asked",
    ("metrics", "/v1/service-credits"): "due only where chance broke a guarantee, by the hour",
    ("metrics", "/v1/trends"): "found once a day, in the night; of one service on reading",
    ("improvement", "/v1/subscriptions"): "neither of the other two services wants its events",
    ("improvement", "/v1/deliveries"): "nobody is subscribed",
    ("improvement", "/v1/deployment-protection/requests"): "asked by GitHub, with an app's secret",
    ("improvement", "/v1/root-cause-analyses/missing"): "major incidents are read every 10 minutes",
}
BY_THE_MINUTE = {"/v1/slo-alerts"}


def lists_of_the_contracts() -> list[tuple[str, str]]:
    """Every list that can be asked for without knowing a key: its service and path."""
    return [
        (service, path)
        for service in SERVICES
        for path in lists_of(committed_contract(service))
        if (service, path) not in EMPTY_BY_NATURE
    ]


def lists_of(contract: dict[str, Any]) -> list[str]:
    schemas = contract["components"]["schemas"]
    found = []
    for path, operations in contract["paths"].items():
        if "get" in operations and "{" not in path:
            reply = operations["get"]["responses"]["200"].get("content", {})
            schema = reply.get("application/json", {}).get("schema", {})
            named = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
            if "items" in named.get("properties", {}):
                found.append(path)
    return found


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """With a demo that was killed in the middle, went on as one person, and was then completed."""
    with running_system(tmp_path_factory.mktemp("demo")) as running:
        killed = Popen([COMMAND, "demo"], env=running.environment, stdout=DEVNULL, stderr=DEVNULL)
        soon(lambda: running.get("catalog", "/v1/vendor-products")["items"], within=120)
        killed.kill()
        killed.wait()
        with_a_token = running.tollgate("demo", "--token", running.token())
        assert with_a_token.returncode == 0, with_a_token.stderr
        assert "what others must sign stays open" in with_a_token.stderr
        assert not states_of(running, "catalog", "/v1/agreements") & {"signed", "active"}
        assert states_of(running, "metrics", "/v1/corrections") == {"requested"}
        assert states_of(running, "improvement", "/v1/service-reviews") == {"held", "scheduled"}
        completed = running.tollgate("demo")
        assert completed.returncode == 0, completed.stderr
        yield running


def items(system: System, service: str, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.get(service, path, **NEEDED_QUERY.get(path, {}))["items"]
    return found


def states_of(system: System, service: str, path: str) -> set[str]:
    return {item["state"] for item in items(system, service, path)}


@pytest.mark.parametrize(("service", "path"), lists_of_the_contracts())
def test_every_list_shows_something(system: System, service: str, path: str) -> None:
    within = 75 if path in BY_THE_MINUTE else 20
    assert soon(lambda: items(system, service, path), within=within)  # some are a worker's


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_is_read_is_as_the_contract_says(system: System, service: str) -> None:
    contract = Contract(service)
    lists = {path: system.get("catalog", path)["items"] for path in NAMED_BY_THE_CATALOG}
    faults: dict[str, list[str]] = {}
    read = 0
    for path in contract.reads():
        query = contract.needed_query(path, ANY_QUERY) | NEEDED_QUERY.get(path, {})
        for instance in instances(path, lists):
            reply = system.send(service, "GET", instance, params=query)
            faults[f"{instance} {reply.status_code}"] = contract.faults("get", path, reply)
            read += reply.is_success
            if reply.is_success and BODY in reply.headers.get("content-type", ""):
                lists[instance] = reply.json().get("items", [])

    assert read > 100
    assert {instance: found for instance, found in faults.items() if found} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_a_body_of_another_kind_is_refused_as_the_contract_says(
    system: System, service: str
) -> None:
    contract = Contract(service)
    faults: dict[str, list[str]] = {}
    for path, operations in contract.paths.items():
        for method, operation in operations.items():
            if BODY in operation.get("requestBody", {}).get("content", {}):
                headers = {"Content-Type": "text/plain", "If-Match": "*"}
                reply = system.send(service, method, path, content=b"hello", headers=headers)
                faults[f"{method} {path}"] = contract.faults(method, path, reply)

    assert len(faults) > 40
    assert {operation: found for operation, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    ("service", "path", "states"),
    [
        ("catalog", "/v1/agreements", {"draft", "in_review", "active"}),
        ("catalog", "/v1/offerings", {"draft", "published", "withdrawn"}),
        (
            "catalog",
            "/v1/requests",
            {"submitted", "in_fulfilment", "fulfilled", "cancelled", "rejected"},
        ),
        (
            "catalog",
            "/v1/requirements",
            {"proposed", "accepted", "answered", "rejected", "withdrawn"},
        ),
        ("catalog", "/v1/risks", {"open", "treated", "accepted", "closed"}),
        ("catalog", "/v1/obligations", {"met", "expiring", "unmet"}),
        ("catalog", "/v1/vendor-products", {"active", "expiring", "expired", "end_of_life"}),
        ("metrics", "/v1/corrections", {"approved", "requested"}),
        ("improvement", "/v1/root-cause-analyses", {"open", "fix_implemented"}),
        ("improvement", "/v1/opportunities", {"new", "assessed", "planned"}),
        ("improvement", "/v1/plans", {"draft", "in_progress", "review"}),
        ("improvement", "/v1/capability-assessments", {"approved"}),
        ("improvement", "/v1/waivers", {"approved", "requested"}),
        ("improvement", "/v1/delegations", {"valid", "ahead"}),
        ("improvement", "/v1/service-reviews", {"closed", "scheduled"}),
        ("improvement", "/v1/review-actions", {"done", "open"}),
    ],
)
def test_every_state_is_shown(system: System, service: str, path: str, states: set[str]) -> None:
    assert soon(lambda: states_of(system, service, path) == states, within=20)


def test_the_alarms_arrived_signed_and_belong_to_services(system: System) -> None:
    def processed() -> bool:
        return states_of(system, "metrics", f"/v1/sources/{ALARMS['key']}/receipts") == {
            "processed"
        }

    assert soon(processed)
    alarms = system.get("metrics", "/v1/incidents", source=ALARMS["key"])["items"]
    assert {alarm["service"] for alarm in alarms} == {"network-infrastructure", "server-platform"}


def test_a_key_result_area_reaches_down_to_the_events_of_components(system: System) -> None:
    last_month = month_before(datetime.now(UTC).date(), 1)

    tree = system.get("metrics", "/v1/kras/dependable-it/tree", period=last_month)

    assert {node["tier"] for node in tree["nodes"]} == {
        "kra", "kpi", "kpt", "vma", "slo", "sli", "sie",
    }  # fmt: skip


def test_the_trends_of_a_service_are_found_on_reading(system: System) -> None:
    trends = system.get("metrics", "/v1/services/email-and-calendar/trends", kpi="mttr")["trends"]

    assert trends[0]["n"] >= 10


def newest_entries(system: System) -> list[dict[str, Any]]:
    """What was done last in each service.

    Of improvement-api by a person or for one, since its worker goes on by itself, and not the
    verdict that the command prints at its end: it is asked for each time.
    """
    by_people = (
        entry
        for entry in items(system, "improvement", "/v1/audit")
        if (entry["actor_kind"] == "user" or entry["on_behalf_of"])
        and entry["action"] != "evaluated"
    )
    return [*(items(system, owner, "/v1/audit")[0] for owner in OWNERS), next(by_people)]


def test_loading_it_again_changes_nothing(system: System) -> None:
    def active() -> bool:
        signed = [one.key for one in AGREEMENTS if one.signatures == 2]
        found = [system.get("catalog", f"/v1/agreements/{key}")["state"] for key in signed]
        return set(found) == {"active"}

    soon(active)  # by the worker, which is audited
    newest = newest_entries(system)
    sent = system.get("metrics", f"/v1/sources/{ALARMS['key']}/receipts")

    again = system.tollgate("demo", within=60)

    assert (again.returncode, again.stderr) == (0, "")
    assert newest_entries(system) == newest
    assert system.get("metrics", f"/v1/sources/{ALARMS['key']}/receipts") == sent


def questions_for_facts(system: System) -> dict[str, int]:
    """How often the owners of facts were asked about a service since they were started."""
    found = {}
    for service in OWNERS:
        figures = system.call(service, "GET", "/metrics").text
        asked = [
            float(line.rsplit(" ", 1)[1])
            for line in figures.splitlines()
            if line.startswith("http_requests_total") and '"/v1/services/{key}/facts"' in line
        ]
        found[service] = int(sum(asked))
    return found


async def test_of_many_checks_at_once_each_is_answered_and_asks_each_owner_once(
    system: System,
) -> None:
    services = [service["key"] for service in items(system, "catalog", "/v1/services")][:10]
    before = questions_for_facts(system)
    headers = {"Authorization": f"Bearer {system.token()}"}
    limits = httpx.Limits(max_connections=200)

    async with httpx.AsyncClient(
        base_url=system.url("improvement"), headers=headers, timeout=120, limits=limits
    ) as checks:
        replies = await asyncio.gather(
            *(
                checks.post(f"/v1/services/{services[n % 10]}/gates/operate-to-improve/evaluations")
                for n in range(200)
            )
        )

    assert [reply.status_code for reply in replies] == [201] * 200
    assert len({reply.json()["new_evaluation_id"] for reply in replies}) == 200
    unanswered = [
        criterion["reason"]
        for reply in replies
        for criterion in reply.json()["criteria"]
        if criterion["outcome"] == "error"
    ]
    assert unanswered == []
    asked = questions_for_facts(system)
    assert {owner: asked[owner] - before[owner] for owner in OWNERS} == dict.fromkeys(OWNERS, 200)


PORTAL = "partner-portal"


def the(system: System, path: str, **asked: str) -> dict[str, Any]:
    """The one item of a list of improvement-api."""
    (found,) = system.call("improvement", "GET", path, params=asked).json()["items"]
    return dict(found)


def test_the_story_goes_from_missed_targets_to_a_stage_that_moved(system: System) -> None:
    opportunity = the(system, "/v1/opportunities", service=PORTAL, source="trigger")
    plan = the(system, "/v1/plans", service=PORTAL)
    case = the(system, f"/v1/plans/{plan['id']}/business-cases")
    initiative = the(system, f"/v1/plans/{plan['id']}/initiatives")
    effect = system.get("improvement", f"/v1/initiatives/{initiative['id']}/effect")
    moves = items(system, "catalog", f"/v1/services/{PORTAL}/transitions")

    (figure,) = opportunity["figures"]
    assert figure["value"] > figure["target"]  # what opened it
    assert (opportunity["plan"], case["state"]) == (plan["id"], "approved")
    assert effect["verdict"] == "improved"
    assert effect["result"]["judged"]["high"] < 0  # hours: the whole interval is an improvement
    assert [move["gate"] for move in moves] == ["improve-to-operate", "operate-to-improve"]


def test_the_plan_of_the_story_waits_in_review_for_its_goal(system: System) -> None:
    plan = the(system, "/v1/plans", service=PORTAL)

    closing = system.get("improvement", f"/v1/plans/{plan['id']}/closing")

    assert (plan["state"], closing["outcome"]) == ("review", None)
    (missing,) = closing["missing"]
    assert missing["what"].startswith("goal mttr lte 6")


def test_what_two_customers_said_opened_a_plan_and_has_its_answer(system: System) -> None:
    theme = the(system, "/v1/feedback-themes")
    loop = items(system, "improvement", "/v1/feedback/loop")

    assert theme["mentions"] == theme["threshold"] == 2
    assert theme["plan"]["state"] == "draft"
    said = [one for one in loop if theme["id"] in {about["id"] for about in one["themes"]}]
    assert [one["themes"][0]["answer"]["text"] for one in said] == [theme["answer"]["text"]]
    needs = items(system, "catalog", f"/v1/services/{theme['service']}/requirements")
    assert theme["requirement"]["requirement"] in {need["id"] for need in needs}


def test_the_fix_of_the_outage_waits_for_its_verification(system: System) -> None:
    analysis = the(system, "/v1/root-cause-analyses", state="fix_implemented")

    found = system.get("improvement", f"/v1/root-cause-analyses/{analysis['id']}")

    assert (found["fix"]["outcome"], found["missing"]) == ("pending", [])
    (incident,) = items(system, "improvement", f"/v1/root-cause-analyses/{found['id']}/incidents")
    assert incident["source"] == ALARMS["key"]


def test_the_review_of_the_story_was_held_over_a_pack_that_stays_as_it_was(
    system: System,
) -> None:
    review = the(system, "/v1/service-reviews", state="closed")
    path = f"/v1/service-reviews/{review['id']}"

    made = system.get("improvement", f"{path}/packs/{review['pack']}/verification")
    (minutes,) = items(system, "improvement", f"{path}/minutes")
    told = system.get("improvement", f"{path}/packs/{review['pack']}/document", format="json")

    assert (made["same"], made["inputs_intact"]) == (True, True)
    assert minutes["approved_by"] == review["chair"]
    (service,) = told["services"]
    assert service["key"] == PORTAL


def test_the_gaps_of_the_assessment_have_a_plan(system: System) -> None:
    later, earlier = items(system, "improvement", "/v1/capability-assessments")
    path = f"/v1/capability-assessments/{later['id']}"

    changes = system.get("improvement", f"{path}/comparison", **{"with": earlier["id"]})["changes"]
    gaps = system.get("improvement", f"{path}/gaps")["gaps"]
    plans = [plan["title"] for plan in items(system, "improvement", "/v1/plans")]

    assert {change["change"] for change in changes} == {0, 1, 2}
    assert len(gaps) == 7
    assert [title for title in plans if title.startswith("Close the capability gaps")]


def test_the_processes_are_lived_by_some_services(system: System) -> None:
    def lived() -> list[str]:
        report = system.get("improvement", "/v1/reports/process-embedding")
        return [row["process"] for row in report["items"] if row["numerator"]]

    assert soon(lambda: len(lived()) >= 5, within=60)
