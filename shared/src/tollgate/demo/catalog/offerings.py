"""What customers can ask for: offerings with their forms and fulfilment plans, in every state."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from tollgate.demo.making import Providers, change, ensure, read

STATES = ("draft", "published", "withdrawn")


class Step(NamedTuple):
    id: str
    title: str
    owner_role: str
    target_minutes: int


class Offering(NamedTuple):
    key: str
    service: str
    title: str
    summary: str
    tags: tuple[str, ...]
    audience: dict[str, Any]
    price: tuple[str, str] | None  # amount in EUR, and for what
    promises: tuple[dict[str, Any], ...]
    fields: dict[str, Any]  # of the form; all are required
    steps: tuple[Step, ...]
    becomes: str = "published"
    news: str | None = None


APPROVE = Step("approve", "Approve", "service_owner", 480)
EVERYONE = {"everyone": True}
DAY = 24 * 60

OFFERINGS = (
    Offering(
        "new-laptop", "managed-laptop", "A laptop for a new colleague",
        "Ready on the desk, with everything the role needs", ("device", "joiner"), EVERYONE,
        ("58.00", "user_month"),
        (
            {
                "text": "On the desk within three days",
                "target": {"kpi": "fulfilment_time", "comparator": "lte", "value": 72},
            },
            {"text": "A spare one within an hour when it breaks"},
        ),
        {
            "model": {"type": "string", "enum": ["light", "strong", "workshop"]},
            "first_day": {"type": "string", "format": "date"},
            "docking_station": {"type": "boolean"},
        },
        (
            APPROVE,
            Step("prepare", "Prepare the device", "desk_agent", 2 * DAY),
            Step("hand-over", "Hand it over", "desk_agent", 480),
        ),
        news="The light model is the one of this year: 300 g less.",
    ),
    Offering(
        "shared-mailbox", "email-and-calendar", "A mailbox for a team",
        "One address that several people read and answer", ("mail", "team"), EVERYONE, None,
        ({"text": "There within a working day"},),
        {
            "address": {"type": "string", "minLength": 3, "maxLength": 60},
            "members": {"type": "integer", "minimum": 1, "maximum": 200},
        },
        (Step("create", "Create the mailbox", "desk_agent", DAY),),
    ),
    Offering(
        "erp-role", "erp", "Another role in the ERP",
        "What you may see and book", ("erp", "access"),
        {"customers": ["finance", "sales", "production"]}, None,
        (
            {
                "text": "Decided and set within two working days",
                "target": {"kpi": "fulfilment_time", "comparator": "lte", "value": 48},
            },
        ),
        {
            "role": {"type": "string", "enum": ["reader", "clerk", "approver"]},
            "reason": {"type": "string", "minLength": 5, "maxLength": 500},
        },
        (APPROVE, Step("assign", "Assign the role", "desk_agent", DAY)),
    ),
    Offering(
        "access-of-a-joiner", "identity-and-access", "An account for a joiner",
        "The account, its groups and a first password", ("access", "joiner"), EVERYONE, None,
        ({"text": "Before the first day, if asked three days ahead"},),
        {"unit": {"type": "string", "maxLength": 100}},
        (Step("create", "Create the account", "desk_agent", DAY),),
    ),
    Offering(
        "visitor-wireless", "network-infrastructure", "Wireless for visitors",
        "A voucher for a day", ("wireless",), EVERYONE, None,
        ({"text": "At once"},),
        {"visitors": {"type": "integer", "minimum": 1, "maximum": 50}},
        (Step("print", "Print the vouchers", "desk_agent", 30),),
        becomes="withdrawn",
    ),
    Offering(
        "meeting-recording", "video-meetings", "Recording of a meeting",
        "Recorded, cut and kept for a year", ("meeting",), EVERYONE, ("45.00", "request"),
        (), {}, (), becomes="draft",
    ),
)  # fmt: skip


def load_offerings(at: Providers, until: date) -> None:
    """Published ones, one that was withdrawn, and a draft that says what it lacks."""
    for offering in OFFERINGS:
        ensure(at.catalog, f"/v1/services/{offering.service}/offerings", _offering(offering, until))
        path = f"/v1/offerings/{offering.key}"
        present = read(at.catalog, path)
        ahead = STATES[STATES.index(present["state"]) + 1 : STATES.index(offering.becomes) + 1]
        for state in ahead:
            change(at.catalog, "POST", f"{path}/{_VERBS[state]}", None)


_VERBS = {"published": "publish", "withdrawn": "withdraw"}


def _offering(offering: Offering, until: date) -> dict[str, Any]:
    return {
        "key": offering.key,
        "title": offering.title,
        "summary": offering.summary,
        "tags": offering.tags,
        "audience": offering.audience,
        "price": _price(offering.price),
        "promises": offering.promises,
        "announcement": _announcement(offering.news, until),
        "form": _form(offering.fields),
        "fulfilment_plan": [step._asdict() for step in offering.steps],
    }


def _price(price: tuple[str, str] | None) -> dict[str, str] | None:
    return price and {"amount": price[0], "currency": "EUR", "per": price[1]}


def _form(fields: dict[str, Any]) -> dict[str, Any] | None:
    if not fields:
        return None
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _announcement(news: str | None, until: date) -> dict[str, Any] | None:
    ends = datetime.combine(until + timedelta(days=60), time(), UTC)
    return None if news is None else {"text": news, "ends_at": ends.isoformat()}
