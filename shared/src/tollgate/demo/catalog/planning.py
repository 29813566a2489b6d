"""The planning cascade: objectives of three layers, and the services that serve them."""

from datetime import date, timedelta
from typing import NamedTuple

from tollgate.demo.making import Providers, change, ensure, ensure_each, is_untouched, read


class Objective(NamedTuple):
    key: str
    name: str
    owner: str
    parent: str | None = None
    measure: str | None = None
    due_in_days: int | None = None


CORPORATE = (
    Objective(
        "loyal-customers", "Grow with loyal customers", "clara.weiss",
        measure="Nine of ten customers of this year order again", due_in_days=700,
    ),
    Objective(
        "lean-company", "Run lean", "clara.weiss",
        measure="Overhead under 11 % of turnover", due_in_days=700,
    ),
    Objective("trusted-company", "Be trusted with data", "clara.weiss"),
)  # fmt: skip
BUSINESS_AREAS = (
    Objective(
        "faster-order-to-cash", "Faster from order to cash", "helga.brandt", "loyal-customers",
        "Order to cash in 31 days", 400,
    ),
    Objective(
        "reliable-production", "Production that does not wait for IT", "nadia.haddad",
        "loyal-customers", "Under 6 hours of standstill a quarter", 300,
    ),
    Objective(
        "cheaper-workplace", "Cheaper workplaces", "sven.aalto", "lean-company",
        "Cost of a workplace 10 % under 2025", 380,
    ),
    Objective("safe-data", "Only who may sees what", "dev.patel", "trusted-company"),
    Objective("greener-offices", "Greener offices", "sven.aalto", "lean-company"),
)  # fmt: skip
OPERATIONS = (
    Objective(
        "fewer-interruptions", "Fewer and shorter interruptions", "ines.moreau",
        "reliable-production", "Mean time to repair under 4 hours", 200,
    ),
    Objective(
        "month-end-in-three-days", "Books closed three days after month's end", "helga.brandt",
        "faster-order-to-cash", "Closing day 3", 250,
    ),
    Objective(
        "first-day-ready", "Ready to work on the first day", "paul.berger", "cheaper-workplace",
        "95 % of joiners have everything at 9 o'clock", 150,
    ),
    Objective("one-sign-on", "One account for everything", "tom.okafor", "safe-data"),
    Objective(
        "paperless-office", "No paper in the office", "sven.aalto", "greener-offices",
        "Half the pages of 2025", 320,
    ),
    Objective("data-centre-closed", "The old data centre is closed", "ines.moreau",
              "cheaper-workplace"),
)  # fmt: skip
LAYERS = {"corporate": CORPORATE, "business_area": BUSINESS_AREAS, "operations": OPERATIONS}
ACHIEVED = ("data-centre-closed", "The last rack was handed over, and its lease has ended")

SERVED_BY = {
    "fewer-interruptions": {
        "application-support": "Second line ends three of four interruptions of applications",
        "network-infrastructure": "Nothing works without it",
        "server-platform": "Carries what production needs",
    },
    "month-end-in-three-days": {
        "erp": "Closing runs in it",
        "payroll-portal": "Expenses arrive booked",
    },
    "first-day-ready": {
        "managed-laptop": "The device is on the desk",
        "identity-and-access": "The account is there before the person",
        "email-and-calendar": "The mailbox comes with the account",
        "employee-hub": "One place to begin",
    },
    "one-sign-on": {"identity-and-access": "Every application signs on with it"},
    "faster-order-to-cash": {
        "erp": "Orders, deliveries and invoices in one system",
        "partner-portal": "Dealers order where they see what is in stock",
    },
}
KEY_RESULT_AREA = ("fewer-interruptions", "dependable-it", "Measured as a KRA of its own")


def load_planning(at: Providers, until: date) -> None:
    """Objectives from the top, then who serves them; some are served by nothing."""
    for layer, objectives in LAYERS.items():
        for objective in objectives:
            ensure(at.catalog, "/v1/objectives", _body(layer, objective, until))
    for key, services in SERVED_BY.items():
        links = [
            {"kind": "service", "target": service, "contribution": how}
            for service, how in services.items()
        ]
        ensure_each(at.catalog, f"/v1/objectives/{key}/links", links, "kind", "target")
    key, area, how = KEY_RESULT_AREA
    link = {"kind": "kra", "target": area, "contribution": how}
    ensure_each(at.catalog, f"/v1/objectives/{key}/links", [link], "kind", "target")
    _achieve(at)


def _body(layer: str, objective: Objective, until: date) -> dict[str, object]:
    due = objective.due_in_days
    return {
        "key": objective.key,
        "name": objective.name,
        "owner": objective.owner,
        "layer": layer,
        "parent": objective.parent,
        "measure": objective.measure,
        "target_date": None if due is None else str(until + timedelta(days=due)),
    }


def _achieve(at: Providers) -> None:
    key, reason = ACHIEVED
    if is_untouched(read(at.catalog, f"/v1/objectives/{key}")):
        move = {"state": "achieved", "reason": reason}
        change(at.catalog, "POST", f"/v1/objectives/{key}/state", move)
