"""What the services cost, how they are paid for, and how they compare with the industry."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from tollgate.demo.content import YEAR
from tollgate.demo.making import Providers, change, ensure_each, listed

MONTHS = 13  # of consumption and invoices: a year to compare with the same month before
MONTHS_UNPAID = 2


class Running(NamedTuple):
    """A cost every month, from and up to so many months ago."""

    service: str
    name: str
    category: str
    amount: str
    from_months_ago: int = 30
    to_months_ago: int | None = None


class Investment(NamedTuple):
    service: str
    name: str
    category: str
    amount: str
    months_ago: int
    amortised_over: int


class Charging(NamedTuple):
    """What customers pay: users by customer, and what each customer's month is worth."""

    service: str
    terms: dict[str, Any]
    users: dict[str, int]
    units: dict[str, int]
    invoiced: str  # all customers together, each month


class Published(NamedTuple):
    service: str
    measure: str
    value: str
    unit: str


RUNNING = (
    Running("application-support", "Second line, four people", "labour", "26400.00"),
    Running("application-support", "Knowledge base", "software", "900.00", 8),
    Running("network-infrastructure", "Network team", "labour", "19800.00"),
    Running("network-infrastructure", "Rooms and power", "facility", "3100.00"),
    Running("server-platform", "Platform team", "labour", "17200.00"),
    Running("server-platform", "Power and cooling", "facility", "5200.00", 30, 7),
    Running("server-platform", "Power and cooling, new rates", "facility", "6900.00", 6),
    Running("erp", "Key users' helpers", "labour", "11800.00"),
    Running("erp", "Interfaces kept by a contractor", "labour", "4600.00", 14),
    Running("email-and-calendar", "Administration", "labour", "3900.00"),
    Running("identity-and-access", "Administration", "labour", "8200.00"),
    Running("identity-and-access", "Sign-on licences", "software", "2600.00"),
    Running("managed-laptop", "Workshop", "labour", "9400.00"),
    Running("file-sharing", "Administration", "labour", "2400.00"),
    Running("file-sharing", "Licences", "software", "1900.00"),
    Running("video-meetings", "Room care", "labour", "1700.00"),
    Running("payroll-portal", "Licences", "software", "2200.00"),
    Running("intranet", "Editors' support", "labour", "1500.00"),
    Running("partner-portal", "Portal team, two people", "labour", "13600.00"),
    Running("partner-portal", "Rented servers", "hardware", "1100.00"),
    Running("printing", "Paper and toner", "other", "1400.00", 30, 4),
    Running("printing", "Paper and toner, fewer pages", "other", "900.00", 3),
    Running("employee-hub", "Design and prototype", "labour", "7500.00", 4),
)
INVESTMENTS = (
    Investment("network-infrastructure", "Core switches", "hardware", "168000.00", 26, 60),
    Investment("network-infrastructure", "Monitoring probes", "hardware", "24000.00", 5, 36),
    Investment("server-platform", "Servers and storage", "hardware", "310000.00", 40, 60),
    Investment("erp", "Introduction of the warehouse module", "labour", "120000.00", 16, 48),
    Investment("video-meetings", "Room equipment", "hardware", "54000.00", 20, 48),
)
PER_USER = {"finance": 60, "sales": 140, "production": 210, "human-resources": 25}
CHARGING = (
    Charging(
        "email-and-calendar", {"kind": "per_user", "amount": "18.50"}, PER_USER, {}, "8047.50"
    ),
    Charging(
        "managed-laptop", {"kind": "per_user", "amount": "58.00"},
        {"finance": 58, "sales": 150, "production": 90, "human-resources": 25}, {}, "18734.00",
    ),
    Charging(
        "erp",
        {
            "kind": "tiered",
            "unit": "booked document",
            "tiers": [
                {"above": "0", "up_to": "5000", "amount": "3.00"},
                {"above": "5000", "amount": "1.80"},
            ],
        },
        {"finance": 55, "sales": 80, "production": 120},
        {"finance": 4200, "sales": 6100, "production": 5400}, "45300.00",
    ),
    Charging(
        "file-sharing", {"kind": "per_unit", "amount": "0.09", "unit": "gigabyte"},
        {"finance": 60, "sales": 120, "dealers": 40},
        {"finance": 21000, "sales": 34000, "dealers": 4000}, "5310.00",
    ),
    Charging(
        "payroll-portal", {"kind": "flat", "amount": "1750.00"},
        {"finance": 12, "human-resources": 25}, {}, "3500.00",
    ),
    Charging("intranet", {"kind": "none"}, {}, {}, ""),
)  # fmt: skip
SURVEY = "Survey of mid-sized manufacturers' IT spending (made up for the demo)"
BENCHMARKS = (
    Published("email-and-calendar", "user_cost", "21.00", "EUR per user and month"),
    Published("managed-laptop", "user_cost", "49.50", "EUR per user and month"),
    Published("erp", "unit_cost", "2.40", "EUR per booked document"),
    Published("erp", "recovery_ratio", "0.95", "ratio"),
    Published("network-infrastructure", "month_cost", "36500.00", "EUR per month"),
    Published("file-sharing", "unit_cost", "0.11", "EUR per gigabyte"),
)
RATES = (
    {"from_currency": "CHF", "to_currency": "EUR", "rate": "1.06", "valid_from": f"{YEAR}-01-01"},
    {"from_currency": "CHF", "to_currency": "EUR", "rate": "1.08", "valid_from": f"{YEAR}-09-01"},
)


def load_costs(at: Providers, until: date) -> None:
    """Rates, running costs and investments, and what the industry pays."""
    ensure_each(
        at.catalog, "/v1/exchange-rates", RATES, "from_currency", "to_currency", "valid_from"
    )
    items: dict[str, list[dict[str, Any]]] = {}
    for running in RUNNING:
        items.setdefault(running.service, []).append(_running(running, until))
    for investment in INVESTMENTS:
        items.setdefault(investment.service, []).append(_investment(investment, until))
    for service, bodies in items.items():
        ensure_each(at.catalog, f"/v1/services/{service}/cost-items", bodies, "name")
    for published in BENCHMARKS:
        path = f"/v1/services/{published.service}/benchmarks"
        ensure_each(at.catalog, path, [_benchmark(published, until)], "measure", "source")


def load_charges(at: Providers, until: date) -> None:
    """How customers pay, what they used in each month, and what was invoiced for it."""
    for charging in CHARGING:
        path = f"/v1/services/{charging.service}"
        model = {
            "valid_from": month_before(until, MONTHS + 6),
            "currency": "EUR",
            "terms": charging.terms,
        }
        if not any(True for _ in listed(at.catalog, f"{path}/charging-models")):
            ensure_each(at.catalog, f"{path}/charging-models", [model], "valid_from")
        if charging.invoiced:
            months = _consumed_months(at, charging, until)
            invoices = list(_invoices(charging, months))
            ensure_each(at.catalog, f"{path}/charges", invoices, "reference")


def _consumed_months(at: Providers, charging: Charging, until: date) -> list[str]:
    """The months of the first load, however much later this one is: invoices follow them."""
    path = f"/v1/services/{charging.service}/consumption"
    known = {entry["month"] for entry in listed(at.catalog, path)}
    if not known:
        entries = list(_consumption(charging, until))
        change(at.catalog, "PUT", path, entries)
        known = {entry["month"] for entry in entries}
    return list(islice(sorted(known), MONTHS))


def _consumption(charging: Charging, until: date) -> Iterator[dict[str, Any]]:
    for ago in range(MONTHS, 0, -1):
        for customer, users in charging.users.items():
            yield {
                "month": month_before(until, ago),
                "customer": customer,
                "users": users,
                "units": str(charging.units.get(customer, 0)),
            }


def _invoices(charging: Charging, months: list[str]) -> Iterator[dict[str, Any]]:
    """One a month; the last ones are not paid yet."""
    paid = months[:-MONTHS_UNPAID]
    for month in months:
        yield {
            "month": month,
            "reference": f"IT-{month}-{charging.service}",
            "amount": charging.invoiced,
            "currency": "EUR",
            "recovered_on": f"{month}-28" if month in paid else None,
        }


def _running(running: Running, until: date) -> dict[str, Any]:
    ended = running.to_months_ago
    return {
        "kind": "opex",
        "name": running.name,
        "category": running.category,
        "amount": running.amount,
        "currency": "EUR",
        "per": "month",
        "starts_on": f"{month_before(until, running.from_months_ago)}-01",
        "ends_on": None if ended is None else _last_day(until, ended),
    }


def _investment(investment: Investment, until: date) -> dict[str, Any]:
    return {
        "kind": "capex",
        "name": investment.name,
        "category": investment.category,
        "amount": investment.amount,
        "currency": "EUR",
        "starts_on": f"{month_before(until, investment.months_ago)}-10",
        "amortisation_months": investment.amortised_over,
    }


def _benchmark(published: Published, until: date) -> dict[str, Any]:
    return {
        "measure": published.measure,
        "value": published.value,
        "currency": None if published.measure == "recovery_ratio" else "EUR",
        "unit": published.unit,
        "source": SURVEY,
        "published_on": f"{month_before(until, 5)}-15",
    }


def month_before(until: date, ago: int) -> str:
    """The month so many before that of `until`, such as 2026-03."""
    number = until.year * 12 + until.month - 1 - ago
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _last_day(until: date, ago: int) -> str:
    """The last day of the month so many before."""
    following = date.fromisoformat(f"{month_before(until, ago - 1)}-01")
    return str(date.fromordinal(following.toordinal() - 1))
