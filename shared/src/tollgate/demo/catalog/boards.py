"""Boards: who sits on them, a meeting that decided, and one board that does not meet."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx

from shared.schemas.improvement import Gate
from tollgate.demo.making import Providers, change, create, ensure, listed

SECRETARY = "rosa.klein"
BOARD, IDLE_BOARD = "service-board", "applications-council"
SEATS = {
    BOARD: {
        "clara.weiss": "chair",
        "ines.moreau": "member",
        "paul.berger": "member",
        "henrik.dahl": "member",
        "helga.brandt": "member",
        SECRETARY: "secretary",
        "dev.patel": "advisor",
    },
    IDLE_BOARD: {"henrik.dahl": "chair", "asha.verma": "member", "helga.brandt": "member"},
}
BOARDS: tuple[dict[str, Any], ...] = (
    {
        "key": BOARD,
        "name": "Service board",
        "purpose": "Decides which services begin, go live, and end.",
        "cadence_days": 30,
        "quorum": {"minimum": 3, "share": 0.5},
        "decides": [{"gate": gate} for gate in Gate],
    },
    {
        "key": IDLE_BOARD,
        "name": "Applications council",
        "purpose": "Decides how the business applications are improved.",
        "cadence_days": 60,
        "quorum": {"minimum": 2},
        "decides": [{"gate": Gate.OPERATE_TO_IMPROVE, "portfolio": "business-applications"}],
    },
)
AGENDA = "1. Employee Hub  2. End of the intranet  3. Printers without a contract"
ATTENDEES = ["clara.weiss", "ines.moreau", "paul.berger", "helga.brandt", SECRETARY, "li.wei"]
MINUTES = "The Employee Hub goes into design. The intranet ends once its customers have moved."
DECISIONS: tuple[dict[str, Any], ...] = (
    {
        "motion": "Begin the design of the Employee Hub",
        "reason": "The strategy is approved, and the intranet cannot be kept much longer.",
        "service": "employee-hub",
        "gate": Gate.STRATEGY_TO_DESIGN,
        "votes": [
            {"subject": "clara.weiss", "vote": "for"},
            {"subject": "ines.moreau", "vote": "for"},
            {"subject": "paul.berger", "vote": "for"},
            {"subject": "helga.brandt", "vote": "abstain"},
        ],
        "evidence_uri": "https://wiki.example/boards/service-board/employee-hub",
    },
    {
        "motion": "Renew the printers' contract as it is",
        "reason": "Fewer pages are printed: a smaller fleet is asked for first.",
        "service": "printing",
        "votes": [
            {"subject": "clara.weiss", "vote": "against"},
            {"subject": "paul.berger", "vote": "for"},
            {"subject": "helga.brandt", "vote": "against"},
        ],
        "evidence_uri": "https://wiki.example/boards/service-board/printing",
    },
)


def load_boards(at: Providers, until: date) -> None:
    """Boards with their seats, then the last and the next meeting of the one that meets."""
    since = _at_nine(until - timedelta(days=200))
    for board in BOARDS:
        seats = [
            {"subject": subject, "role": role, "valid_from": since}
            for subject, role in SEATS[board["key"]].items()
        ]
        ensure(at.catalog, "/v1/boards", {**board, "members": seats})
    path = f"/v1/boards/{BOARD}/meetings"
    secretary = at.person(SECRETARY)
    meetings = {meeting["agenda"]: meeting for meeting in listed(at.catalog, path)}
    if AGENDA not in meetings:
        body = {"scheduled_for": _at_nine(until - timedelta(days=20)), "agenda": AGENDA}
        meetings[AGENDA] = create(at.catalog, path, body).json()
    if "" not in meetings:
        create(at.catalog, path, {"scheduled_for": _at_nine(until + timedelta(days=10))})
    if secretary is not None:
        _hold(at, meetings[AGENDA], secretary)


def _hold(at: Providers, meeting: Any, secretary: httpx.Auth) -> None:
    """What is left of the way from scheduled to minuted."""
    path = f"/v1/boards/{BOARD}/meetings/{meeting['id']}"
    state = meeting["state"]
    if state == "scheduled":
        body = {"held_at": meeting["scheduled_for"], "attendees": ATTENDEES}
        state = change(at.catalog, "POST", f"{path}/hold", body)["state"]
    if state == "held":
        known = {one["motion"] for one in listed(at.catalog, f"/v1/boards/{BOARD}/decisions")}
        for decision in DECISIONS:
            if decision["motion"] not in known:
                create(at.catalog, f"{path}/decisions", decision, auth=secretary)
        change(at.catalog, "POST", f"{path}/minute", {"minutes": MINUTES}, auth=secretary)


def _at_nine(day: date) -> str:
    return datetime.combine(day, time(9), UTC).isoformat()
