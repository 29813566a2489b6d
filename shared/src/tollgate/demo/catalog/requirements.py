"""What customers need of services, and which vendors could give what the strategies ask for."""

from datetime import date
from typing import Any, NamedTuple

from tollgate.demo.making import (
    Providers,
    change,
    create,
    ensure_each,
    is_untouched,
    listed,
)


class Need(NamedTuple):
    """A requirement and the moves it makes after it was proposed."""

    service: str
    customer: str
    statement: str
    priority: str
    moves: tuple[dict[str, Any], ...] = ()
    feedback: str | None = None


class Candidate(NamedTuple):
    service: str
    name: str
    vendor: str
    scores: dict[str, int]
    decision: tuple[str, str] | None = None  # select or reject, and why


ACCEPTED: dict[str, Any] = {"state": "accepted"}
NEEDS = (
    Need(
        "network-infrastructure", "production", "A fault is mended within two and a half hours",
        "must",
        (
            ACCEPTED,
            {
                "state": "answered",
                "answer": {"kind": "kpi", "reference": "mttr", "name": "MTTR at most 2.5 h"},
            },
        ),
        "Service review, item 4",
    ),
    Need(
        "erp", "sales", "Orders can be taken until 22:00 on Fridays", "must", (ACCEPTED,),
        "Meeting of the regional heads",
    ),
    Need("email-and-calendar", "sales", "Mail can be read on the train", "should"),
    Need(
        "printing", "finance", "A printer in every room", "could",
        ({"state": "rejected", "reason": "The office is to become paperless"},),
    ),
    Need(
        "intranet", "human-resources", "Pages can be commented", "could",
        ({"state": "withdrawn", "reason": "The Employee Hub is going to have it"},),
    ),
)  # fmt: skip

CANDIDATES = (
    Candidate(
        "employee-hub", "Plover Pages", "Plover Communications",
        {"search": 4, "sign-on": 5, "languages": 3, "export": 2},
    ),
    Candidate("employee-hub", "Quillon Hub", "Quillon Devices", {"search": 5, "sign-on": 3}),
    Candidate(
        "network-infrastructure", "Second line", "Ostara Fibre",
        {"second-line": 5, "repair-time": 4},
        ("select", "Another way into the building, at a fair price"),
    ),
    Candidate(
        "network-infrastructure", "Radio link", "Northlight Networks",
        {"second-line": 3, "repair-time": 2}, ("reject", "Fog interrupts it"),
    ),
)  # fmt: skip
DECIDER = "ines.moreau"


def load_requirements(at: Providers, _until: date) -> None:
    """One in each state, from proposed to answered, rejected and withdrawn."""
    for need in NEEDS:
        path = f"/v1/services/{need.service}/requirements"
        [item] = ensure_each(at.catalog, path, [_need(need)], "customer", "statement")
        reached = [move["state"] for move in need.moves]
        ahead = need.moves[reached.index(item["state"]) + 1 :] if item["state"] in reached else ()
        for move in need.moves if is_untouched(item) else ahead:
            change(at.catalog, "POST", f"{path}/{item['id']}/state", move)


def load_candidates(at: Providers, _until: date) -> None:
    """Candidates with their scores; two are decided on, one is not scored fully yet."""
    for candidate in CANDIDATES:
        path = f"/v1/services/{candidate.service}/vendor-candidates"
        item = next((one for one in listed(at.catalog, path) if _is(candidate, one)), None)
        if item is None:
            body = {"name": candidate.name, "vendor": candidate.vendor}
            item = create(at.catalog, path, body).json()
        for requirement, score in candidate.scores.items():
            if requirement in item["unscored"]:
                score_path = f"{path}/{item['id']}/scores/{requirement}"
                change(at.catalog, "PUT", score_path, {"score": score})
        decider = at.person(DECIDER)
        if item["state"] == "open" and candidate.decision is not None and decider is not None:
            decision, reason = candidate.decision
            decided = f"{path}/{item['id']}/{decision}"
            change(at.catalog, "POST", decided, {"reason": reason}, auth=decider)


def _is(candidate: Candidate, item: Any) -> bool:
    return (item["name"], item["vendor"]) == (candidate.name, candidate.vendor)


def _need(need: Need) -> dict[str, Any]:
    return {
        "customer": need.customer,
        "statement": need.statement,
        "feedback": need.feedback,
        "priority": need.priority,
    }
