"""Service reviews: one that was held over its pack and closed, and the next one."""

from datetime import UTC, date, datetime, time, timedelta
from time import monotonic, sleep
from typing import Any

import typer

from tollgate.demo.improvement.portal import PORTAL
from tollgate.demo.making import (
    LEARNING,
    PATIENCE,
    Providers,
    change,
    create,
    ensure_each,
    ensure_listed,
    in_name_of,
    listed,
)
from tollgate.pages import items_of

REVIEWS, ACTIONS = "/v1/service-reviews", "/v1/review-actions"
CHAIR, WRITER = "rosa.klein", "jan.winter"
MADE_WITHIN = 30.0  # seconds for the worker to make a pack
HELD: dict[str, Any] = {
    "title": "Quarterly review of the Partner Portal",
    "services": [PORTAL.key],
    "chair": CHAIR,
    "attendees": [
        {"name": CHAIR},
        {"name": PORTAL.owner},
        {"name": WRITER},
        {"name": "olivia.grant", "kind": "customer_representative"},
    ],
    "agenda": ["Open actions", "Figures of the quarter", "What the runbooks brought", "Next"],
}
AHEAD: dict[str, Any] = {
    "title": "Review with Sales",
    "customer": "sales",
    "chair": CHAIR,
    "attendees": [
        {"name": "henrik.dahl"},
        {"name": "marco.rossi", "kind": "customer_representative"},
    ],
    "agenda": ["Orders on Friday evenings", "Figures of the quarter", "What is planned"],
}
AHEAD_IN_DAYS = 18
DECISIONS = (
    {
        "text": "The target stays at six hours until the goal of the plan is measured.",
        "decided_by": [CHAIR, "olivia.grant"],
    },
    {
        "text": "The second line keeps the runbooks; who mends without one writes it.",
        "decided_by": [PORTAL.owner],
    },
)
# What, who, due in how many days, and what shows that it is done.
TO_DO = (
    ("Write the runbook for prices that are old", WRITER, 30, None),
    ("Ask ten dealers whether they notice a difference", "olivia.grant", 45, None),
    (
        "Send the dealers' council the effect of the runbooks", PORTAL.owner, 7,
        "https://wiki.example/partner-portal/effect-of-the-runbooks",
    ),
)  # fmt: skip
MINUTES = """Repairs take less than the target of six hours since the runbooks are in use, and
about half of what they took before. The dealers confirm it for orders and delivery notes. Nobody
has looked yet at prices that are old."""


def load_reviews(at: Providers, until: date) -> None:
    """The review of the portal, with its pack ordered, and the one with Sales that is ahead."""
    plans = (_held(until), _ahead(until))
    review, _ = ensure_each(at.improvement, REVIEWS, plans, "title", **in_name_of(at, CHAIR))
    packs = f"{REVIEWS}/{review['id']}/packs"
    if review["state"] == "scheduled" and not list(listed(at.improvement, packs)):
        create(at.improvement, packs, {})


def load_held_review(at: Providers, until: date) -> None:
    """What is left of the way from a scheduled review to a closed one."""
    chair = in_name_of(at, CHAIR)
    [review] = [one for one in listed(at.improvement, REVIEWS) if one["title"] == HELD["title"]]
    path = f"{REVIEWS}/{review['id']}"
    state = review["state"]
    if state == "scheduled" and _has_pack(at, path):
        moved = create(at.improvement, f"{path}/transitions", {"to": "held"}, **chair)
        state = moved.json()["state"]
    if state == "held":
        ensure_each(at.improvement, f"{path}/decisions", DECISIONS, "text", **chair)
        _add_actions(at, review["id"], until)
        _close(at, path)


def _held(until: date) -> dict[str, Any]:
    """Of the last quarter that is over, and due now: figures as of a past day would be none."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    soon = now + timedelta(minutes=30 - now.minute % 30)
    this_quarter = until.replace(month=(until.month - 1) // 3 * 3 + 1, day=1)
    return {
        **HELD,
        "period": _quarter_of(this_quarter - timedelta(days=1)),
        "scheduled_at": soon.isoformat(),
    }


def _ahead(until: date) -> dict[str, Any]:
    begins = datetime.combine(until + timedelta(days=AHEAD_IN_DAYS), time(13), UTC)
    return {**AHEAD, "period": _quarter_of(until), "scheduled_at": begins.isoformat()}


def _quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _has_pack(at: Providers, path: str) -> bool:
    """Whether the newest pack is made, within some seconds: the review is held over it."""
    give_up_at = monotonic() + MADE_WITHIN
    while True:
        pack = next(listed(at.improvement, f"{path}/packs"))
        if pack["state"] != "pending" or monotonic() > give_up_at:
            break
        sleep(LEARNING)
    if pack["state"] != "made":
        typer.echo(
            f"tollgate: the pack of the demo's review is not made ({pack['failure']}):"
            " is improvement-api's worker running?",
            err=True,
        )
    return bool(pack["state"] == "made")


def _add_actions(at: Providers, review: str, until: date) -> None:
    present = {
        action["text"]: action
        for action in items_of(at.improvement, ACTIONS, PATIENCE, {"review": review})
    }
    for text, owner, due_in_days, evidence in TO_DO:
        action = present.get(text)
        if action is None:
            due_on = str(until + timedelta(days=due_in_days))
            body = {"text": text, "owner": owner, "due_on": due_on}
            action = create(at.improvement, f"{REVIEWS}/{review}/actions", body).json()
        if evidence is not None and action["state"] == "open":
            done = {"evidence": evidence}
            doer = in_name_of(at, owner)
            change(at.improvement, "POST", f"{ACTIONS}/{action['id']}/completion", done, **doer)


def _close(at: Providers, path: str) -> None:
    """With minutes that the chair has approved, in person."""
    chair = at.person(CHAIR)
    writer = in_name_of(at, WRITER)
    body = {"text": MINUTES}
    minutes = ensure_listed(at.improvement, f"{path}/minutes", body, "text", **writer)
    if chair is None:
        return
    if minutes["approved_at"] is None:
        seen = {"text_hash": minutes["text_hash"]}
        approvals = f"{path}/minutes/{minutes['number']}/approvals"
        create(at.improvement, approvals, seen, auth=chair)
    create(at.improvement, f"{path}/transitions", {"to": "closed"}, auth=chair)
