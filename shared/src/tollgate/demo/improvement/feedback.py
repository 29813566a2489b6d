"""What customers say: a theme that two of them made, the requirement it became, their answer."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from tollgate.demo.making import (
    PATIENCE,
    Providers,
    change,
    create,
    ensure_listed,
    in_name_of,
    listed,
)
from tollgate.pages import items_of

FEEDBACK, THEMES = "/v1/feedback", "/v1/feedback-themes"
OWNER = "jan.winter"
SERVICE = "erp"
NEED = "Orders can be taken until 22:00 on Fridays"  # as the catalog has it


class Said(NamedTuple):
    customer: str
    text: str
    touchpoint: str
    days_ago: int
    recorded_by: str


THEME = {
    "service": SERVICE,
    "title": "No orders on Friday evenings",
    "phrases": ["friday", "fridays", "friday evening"],
    "threshold": 2,
    "window_days": 90,
    "owner": OWNER,
}
FRIDAYS = (
    Said(
        "sales", "On Fridays our people on the road cannot enter an order after six.",
        "meeting", 21, "rosa.klein",
    ),
    Said(
        "dealers", "We open until ten, and on Friday your ordering is closed when we count up.",
        "phone", 12, "kofi.mensah",
    ),
    Said(
        "finance", "The new overview of open invoices saves me an hour a day.", "mail", 8,
        "kofi.mensah",
    ),
)  # fmt: skip
ANSWER = (
    "From the release of January on, orders are taken until 22:00 on Fridays; until then the"
    " service desk takes them by phone."
)


def load_feedback(at: Providers, until: date) -> None:
    """The theme, what was said (two of three are about it), and what became of it."""
    owner = in_name_of(at, OWNER)
    theme = ensure_listed(at.improvement, THEMES, THEME, "title", **owner)
    path = f"{THEMES}/{theme['id']}"
    recorded = items_of(at.improvement, FEEDBACK, PATIENCE, {"kind": "direct"})
    known = {one["text"] for one in recorded}
    for said in FRIDAYS:
        if said.text not in known:
            create(
                at.improvement, FEEDBACK, _entry(said, until), **in_name_of(at, said.recorded_by)
            )
    requirement = _requirement(at)
    if theme["requirement"] is None and requirement is not None:
        became = {"service": SERVICE, "requirement": requirement}
        change(at.improvement, "PUT", f"{path}/requirement", became, **owner)
    if theme["answer"] is None:
        change(at.improvement, "PUT", f"{path}/answer", {"text": ANSWER}, **owner)


def _requirement(at: Providers) -> Any:
    """The id of the need that the catalog has of it."""
    needs = listed(at.catalog, f"/v1/services/{SERVICE}/requirements")
    return next((need["id"] for need in needs if need["statement"] == NEED), None)


def _entry(said: Said, until: date) -> dict[str, Any]:
    said_at = datetime.combine(until, time(9, 40), UTC) - timedelta(days=said.days_ago)
    return {
        "customer": said.customer,
        "service": SERVICE,
        "touchpoint": said.touchpoint,
        "text": said.text,
        "said_at": said_at.isoformat(),
    }
