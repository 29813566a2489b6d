"""Root causes: of a major incident whose fix has still to prove itself, and one under analysis."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from tollgate.connection import body_of
from tollgate.demo.content import ALARM_SOURCE
from tollgate.demo.making import (
    Providers,
    change,
    create,
    ensure_known,
    in_name_of,
    listed,
)

ANALYSES = "/v1/root-cause-analyses"


class Cause(NamedTuple):
    """Why its parent is so; without a parent it is the problem."""

    id: str
    parent: str | None
    text: str
    evidence: str = ""
    root_cause: bool = False


class Fix(NamedTuple):
    what: str
    change_reference: str
    days_ago: int
    recurs_as: str  # a phrase of the title


class Analysis(NamedTuple):
    """Of alarms of network operations; one whose fix is None has not found the cause yet."""

    service: str
    title: str
    method: str
    owner: str
    alarms: tuple[str, ...]
    causes: tuple[Cause, ...]
    fix: Fix | None = None


CORE_ROUTER = Analysis(
    "network-infrastructure",
    "The plant had no network for an hour and a half",
    "five_whys",
    "piet.bakker",
    ("Q0DEMO1ALARM01",),
    (
        Cause("problem", None, "The plant and two branch offices had no network from 07:10 on"),
        Cause(
            "sessions-lost", "problem", "Core router 2 dropped all its BGP sessions at once",
            "Log of the router, 07:09:48",
        ),
        Cause(
            "process-restarted", "sessions-lost", "Its routing process ran out of memory",
            "Core dump of the process; memory at 98 % for two hours before",
        ),
        Cause(
            "table-grew", "process-restarted",
            "A partner announced 40 times as many routes as usual, and all were taken in",
            "Routes by neighbour in the week before",
        ),
        Cause(
            "no-limit", "table-grew",
            "The template for peerings sets no limit to what a neighbour may announce",
            "Template of 2023-04; 14 of 14 peerings are without a limit", root_cause=True,
        ),
    ),
    Fix(
        "The template limits prefixes for each neighbour; all 14 peerings were changed",
        "CHG0031877", 5, "BGP down",
    ),
)  # fmt: skip
REMOTE_ACCESS = Analysis(
    "network-infrastructure",
    "Remote access is slow in the morning",
    "cause_tree",
    "noor.salem",
    ("Q0DEMO1ALARM04",),
    (
        Cause("problem", None, "From 07:00 to 09:00 remote access takes a minute to sign on"),
        Cause(
            "gateway-busy", "problem", "One of two gateways takes nearly all sessions",
            "Sessions by gateway, last five mornings",
        ),
        Cause("line-full", "problem", "The line is full while laptops fetch their updates"),
    ),
)  # fmt: skip


def load_causes(at: Providers, until: date) -> None:
    """Each analysis as far as it got; metrics-api learns of the alarms only by and by."""
    present = {one["title"]: one for one in listed(at.improvement, ANALYSES)}
    for analysis in (CORE_ROUTER, REMOTE_ACCESS):
        found = present.get(analysis.title)
        if found is None:
            owner = in_name_of(at, analysis.owner)
            opened = ensure_known(at.improvement, ANALYSES, _opening(analysis), **owner)
            found = body_of(opened)
        _go_on(at, analysis, found, until)


def _go_on(at: Providers, analysis: Analysis, found: Any, until: date) -> None:
    """What is left of the way from the problem to the fix."""
    path = f"{ANALYSES}/{found['id']}"
    owner = in_name_of(at, analysis.owner)
    if not found["causes"]:
        causes = [cause._asdict() for cause in analysis.causes]
        change(at.improvement, "PUT", f"{path}/causes", {"causes": causes}, **owner)
    if analysis.fix is None:
        return
    state = found["state"]
    if state == "open" and not found["reopened"]:
        moved = create(at.improvement, f"{path}/transitions", {"to": "cause_found"}, **owner)
        state = moved.json()["state"]
    if state == "cause_found":
        create(at.improvement, f"{path}/fixes", _fix(analysis.fix, until), **owner)


def _opening(analysis: Analysis) -> dict[str, Any]:
    return {
        "service": analysis.service,
        "title": analysis.title,
        "method": analysis.method,
        "owner": analysis.owner,
        "incidents": [{"source": ALARM_SOURCE, "external_id": alarm} for alarm in analysis.alarms],
    }


def _fix(fix: Fix, until: date) -> dict[str, Any]:
    """It has held as long as nothing recurs in thirty days."""
    implemented = datetime.combine(until, time(20, 30), UTC) - timedelta(days=fix.days_ago)
    return {
        "what": fix.what,
        "change_reference": fix.change_reference,
        "implemented_at": implemented.isoformat(),
        "fingerprint": {"title": fix.recurs_as},
        "verify_days": 30,
    }
