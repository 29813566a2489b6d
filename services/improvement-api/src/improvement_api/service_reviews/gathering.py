"""Asking the other services for what a pack shows.

What metrics-api keeps versions of is asked for as it was known at the pack's moment, so that it
comes out the same whenever it is asked again: those sections are in EXACT. The catalog keeps no
such versions; what it says is as it stood when the pack was made.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from improvement_api.providers import Providers
from improvement_api.service_reviews.periods import bounds_of, days_of, periods_until, zone_of
from shared.clients.catalog import CatalogClient
from shared.clients.metrics import MetricsClient
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Unavailable

EXACT: Final = ("kpis", "performance", "targets", "judgements", "breaches", "service_credits")
FIGURES_DEADLINE: Final = timedelta(minutes=2)  # as of a moment, exactly, however long it takes
LIST_DEADLINE: Final = timedelta(seconds=30)  # nobody waits for a job
MOST_ITEMS: Final = 100
# What the owner says of the question itself; asking again changes nothing.
_FINAL = (BadRequest, Conflict, Forbidden, Invalid, NotFound)
Section = Any
Items = AsyncIterator[dict[str, Any]]


@dataclass(frozen=True)
class Asked:
    """A service, the period reviewed, and the moment whose knowledge counts."""

    service: str
    period: str
    timezone: str
    as_of: datetime

    @property
    def periods(self) -> list[str]:
        return periods_until(self.period)

    @property
    def start(self) -> datetime:
        return bounds_of(self.period, zone_of(self.timezone))[0]

    @property
    def end(self) -> datetime:
        """Of what there can be by then."""
        return min(bounds_of(self.period, zone_of(self.timezone))[1], self.as_of)

    @property
    def last_day(self) -> date:
        day = days_of(self.period)[1] - timedelta(days=1)
        return min(day, self.as_of.astimezone(zone_of(self.timezone)).date())


async def covered_services(
    providers: Providers, services: list[str], customer: str | None, on: date
) -> list[str]:
    """The services of a pack: those named, or those the customer is engaged with on a day."""
    if customer is None:
        return services
    path = f"/v1/customers/{quote(customer, safe='')}/engagements"
    found = [
        one["service"]
        async for one in providers.catalog.listed(path, {"on": str(on)}, LIST_DEADLINE)
    ]
    return sorted(set(found))


async def kpi_names(metrics: MetricsClient) -> dict[str, str]:
    """What people call each KPI."""
    reply = await metrics.figures("/v1/kpis", {}, LIST_DEADLINE)
    return {one["id"]: one["name"] for one in reply["items"]}


async def gather_customer(providers: Providers, key: str, asked: Asked) -> dict[str, Any]:
    """The customer, its cadence, and figures over all services it is engaged with."""
    path = f"/v1/customers/{quote(key, safe='')}"
    document, figures = await asyncio.gather(
        providers.catalog.document(path, None, LIST_DEADLINE),
        _or_reason(_kpis(providers.metrics, path, asked)),
    )
    names = ("key", "name", "relationship_owner", "review_cadence_days", "last_reviewed_on")
    return {**{name: document.get(name) for name in names}, "kpis": figures}


async def gather_service(providers: Providers, asked: Asked) -> dict[str, Any]:
    """Every section about a service; one that its owner refuses says why in its place.

    Raises Unavailable when an owner is away: a pack with holes would look like good news.
    """
    key = quote(asked.service, safe="")
    service = await providers.catalog.document(f"/v1/services/{key}", None, LIST_DEADLINE)
    metrics, catalog = providers.metrics, providers.catalog
    targets = await _or_reason(_targets(metrics, asked))
    sections: dict[str, Awaitable[Section]] = {
        "kpis": _kpis(metrics, f"/v1/services/{key}", asked),
        "performance": _performance(metrics, asked, service["portfolio"], targets),
        "judgements": _judgements(metrics, asked),
        "breaches": _breaches(metrics, asked),
        "service_credits": _service_credits(metrics, asked),
        "slos": _slos(metrics, asked),
        "satisfaction": _satisfaction(metrics, asked),
        "agreements": _agreements(catalog, asked),
        "risks": _risks(catalog, asked),
        "requirements": _requirements(catalog, asked),
        "costs": _costs(catalog, asked),
    }
    told = await asyncio.gather(*(_or_reason(section) for section in sections.values()))
    owners = [
        {"role": owner.get("role"), "subject": owner.get("subject")}
        for owner in service.get("owners", [])
    ]
    head = {name: service.get(name) for name in ("key", "name", "portfolio", "criticality")}
    return {
        **head,
        "stage": service.get("stage"),
        "owners": owners,
        "targets": targets,
        **dict(zip(sections, told, strict=True)),
    }


async def _or_reason(question: Awaitable[Section]) -> Section:
    try:
        return await question
    except _FINAL as refusal:
        return {"unavailable": refusal.detail or refusal.title}
    except (KeyError, TypeError, ValueError) as odd:
        raise Unavailable(f"An answer has a shape this release does not know: {odd!r}") from odd


async def _kpis(metrics: MetricsClient, path: str, asked: Asked) -> list[dict[str, Any]]:
    """Each KPI that has a record in one of the periods, with its values in all of them."""
    params = {
        "periods": ",".join(asked.periods),
        "timezone": asked.timezone,
        "as_of": asked.as_of.isoformat(),
    }
    reply = await metrics.figures(f"{path}/kpis", params, FIGURES_DEADLINE)
    return [
        {
            "kpi": series["kpi"],
            "unit": series["unit"],
            "values": [_value(one) for one in series["values"]],
        }
        for series in reply["kpis"]
        if any(one["count"] for one in series["values"])
    ]


def _value(one: Mapping[str, Any]) -> dict[str, Any]:
    reason = one.get("reason")
    return {
        "period": one["period"],
        "value": one["value"],
        "count": one["count"],
        "complete": one["complete"],
        "small_sample": one.get("small_sample"),
        "margin_of_error": one.get("margin_of_error"),
        "reason": None if reason is None else reason.get("text"),
    }


async def _performance(
    metrics: MetricsClient, asked: Asked, portfolio: str, targets: Section
) -> list[dict[str, Any]]:
    """The service's row of the performance report of each KPI that it has a target for."""
    rows = []
    for kpi in sorted({one["kpi"] for one in targets} if isinstance(targets, list) else ()):
        params = {
            "kpi": kpi,
            "periods": ",".join(asked.periods[-2:]),
            "timezone": asked.timezone,
            "portfolio": portfolio,
            "as_of": asked.as_of.isoformat(),
        }
        report = metrics.iterate("/v1/reports/performance", params, FIGURES_DEADLINE)
        row = await _first(report, lambda one: bool(one["service"] == asked.service))
        if row is not None:
            rows.append({"kpi": kpi, **row})
    return rows


async def _targets(metrics: MetricsClient, asked: Asked) -> list[dict[str, Any]]:
    """The targets that held on the last day, as they were set by then."""
    params = {"service": asked.service, "valid_on": asked.last_day.isoformat()}
    found = []
    async for one in metrics.iterate("/v1/targets", params, LIST_DEADLINE):
        versions = f"/v1/targets/{quote(one['id'], safe='')}/versions"
        known = await _as_known(metrics, one, versions, asked.as_of)
        if known is not None:
            names = ("kpi", "comparator", "value", "unit", "period", "owner")
            found.append({name: known.get(name) for name in names})
    return sorted(found, key=lambda one: (str(one["kpi"]), str(one["period"])))


async def _judgements(metrics: MetricsClient, asked: Asked) -> list[dict[str, Any]]:
    """Whether targets were met in the full periods that lie in the one reviewed."""
    first, following = days_of(asked.period)
    found = []
    async for one in metrics.iterate("/v1/judgements", {"service": asked.service}, LIST_DEADLINE):
        begins, ends = (date.fromisoformat(one[name]) for name in ("first_day", "last_day"))
        if ends < first:
            break  # the newest come first
        if begins < first or ends >= following:
            continue
        versions = (
            f"/v1/targets/{quote(one['target'], safe='')}/judgements"
            f"/{quote(one['period'], safe='')}/versions"
        )
        known = await _as_known(metrics, one, versions, asked.as_of)
        if known is not None:
            names = ("kpi", "period", "verdict", "value", "comparator", "target_value", "count")
            found.append({name: known.get(name) for name in names} | {"reason": known["reason"]})
    return sorted(found, key=lambda one: (str(one["kpi"]), str(one["period"])))[:MOST_ITEMS]


async def _as_known(
    metrics: MetricsClient, newest: dict[str, Any], versions: str, as_of: datetime
) -> dict[str, Any] | None:
    """The version that was known at a moment; None when there was none yet."""
    if _by(newest["recorded_at"], as_of):
        return newest
    recorded = [
        one
        async for one in metrics.iterate(versions, {}, LIST_DEADLINE)
        if _by(one["recorded_at"], as_of)
    ]
    latest = max(recorded, key=lambda one: int(one["version"]), default=None)
    return None if latest is None else newest | latest


async def _breaches(metrics: MetricsClient, asked: Asked) -> dict[str, Any]:
    """Clocks that ran out in the period and stood as breached then: how many, and the first."""
    params = {
        "service": asked.service,
        "breached_from": asked.start.isoformat(),
        "breached_to": asked.end.isoformat(),
    }
    if asked.end <= asked.start:
        return {"count": 0, "by_clock": {}, "items": []}
    found = [
        one
        async for one in metrics.iterate("/v1/breaches", params, LIST_DEADLINE)
        if _by(one["detected_at"], asked.as_of)
        and not (one["retracted_at"] and _by(one["retracted_at"], asked.as_of))
    ]
    names = ("external_id", "source", "clock", "priority", "breached_at", "basis")
    by_clock: dict[str, int] = {}
    for one in found:
        by_clock[one["clock"]] = by_clock.get(one["clock"], 0) + 1
    items = [{name: one[name] for name in names} for one in found[:MOST_ITEMS]]
    return {"count": len(found), "by_clock": by_clock, "items": items}


async def _service_credits(metrics: MetricsClient, asked: Asked) -> list[dict[str, Any]]:
    """What guarantees owe for periods that ended in the one reviewed."""
    if asked.end <= asked.start:
        return []
    # A period that ends with the one reviewed ends at its end, which `ended_to` leaves out.
    params = {
        "service": asked.service,
        "ended_from": (asked.start + timedelta(microseconds=1)).isoformat(),
        "ended_to": (asked.end + timedelta(microseconds=1)).isoformat(),
    }
    names = ("agreement", "kpi", "sli", "period", "missed", "value", "comparator", "target_value")
    money = ("credit", "basis", "currency", "reason")
    found = [
        {name: one[name] for name in (*names, *money)}
        async for one in metrics.iterate("/v1/service-credits", params, LIST_DEADLINE)
        if _by(one["recorded_at"], asked.as_of)
    ]
    return found[:MOST_ITEMS]


async def _slos(metrics: MetricsClient, asked: Asked) -> list[dict[str, Any]]:
    """How the SLOs stand at the moment, by what is known of it when the pack is made."""
    params = {"service": asked.service, "at": asked.as_of.isoformat()}
    names = ("slo", "name", "level", "window_start", "window_end", "complete", "reason")
    found = []
    async for one in metrics.iterate("/v1/slo-statuses", params, FIGURES_DEADLINE):
        objectives = [
            {
                "name": part.get("name"),
                "target": part["target"],
                "level": part["level"],
                "value": part["corrected"].get("value"),
                "budget_left": (part["corrected"].get("budget") or {}).get("remaining_ratio"),
                "reason": part.get("reason"),
            }
            for part in one["objectives"]
        ]
        found.append({name: one.get(name) for name in names} | {"objectives": objectives})
    return found[:MOST_ITEMS]


async def _satisfaction(metrics: MetricsClient, asked: Asked) -> dict[str, Any]:
    """CSAT and NPS of the last two periods in all, and of the last one by touchpoint."""
    told = {}
    for kind in ("csat", "nps"):
        params = {
            "kind": kind,
            "service": asked.service,
            "periods": ",".join(asked.periods[-2:]),
            "timezone": asked.timezone,
            "limit": MOST_ITEMS,
        }
        reply = await metrics.figures("/v1/reports/satisfaction", params, FIGURES_DEADLINE)
        told[kind] = {
            "unit": reply["unit"],
            "total": [_answers(one) for one in reply["total"]],
            "touchpoints": [
                {"name": row.get("name") or row.get("key"), **_answers(row["values"][-1])}
                for row in reply["rows"]
            ],
        }
    return told


def _answers(one: Mapping[str, Any]) -> dict[str, Any]:
    names = ("period", "value", "mean", "answers", "sent", "response_rate", "margin")
    return {name: one.get(name) for name in (*names, "small_sample")}


async def _agreements(catalog: CatalogClient, asked: Asked) -> list[dict[str, Any]]:
    """The active agreements, each with its review date."""
    found = []
    params = {"service": asked.service, "state": "active"}
    async for one in catalog.listed("/v1/agreements", params, LIST_DEADLINE):
        if one.get("active_version") is None:
            continue
        key = quote(one["key"], safe="")
        version = await catalog.document(
            f"/v1/agreements/{key}/versions/{one['active_version']}", None, LIST_DEADLINE
        )
        found.append(
            {
                "key": one["key"],
                "name": one["name"],
                "kind": one["kind"],
                "version": version["version"],
                "text_hash": version["text_hash"],
                "starts_at": version["starts_at"],
                "ends_at": version["ends_at"],
                "review_date": version["text"]["review_date"],
            }
        )
    return found[:MOST_ITEMS]


async def _risks(catalog: CatalogClient, asked: Asked) -> list[dict[str, Any]]:
    """Risks that are not closed, the highest score first."""
    names = ("id", "title", "likelihood", "impact", "score", "level", "state", "owner")
    more = ("treatment", "review_date", "accepted_until")
    found = [
        {name: one.get(name) for name in (*names, *more)}
        async for one in catalog.listed("/v1/risks", {"service": asked.service}, LIST_DEADLINE)
        if one["state"] != "closed"
    ]
    return found[:MOST_ITEMS]


async def _requirements(catalog: CatalogClient, asked: Asked) -> list[dict[str, Any]]:
    """What customers need of the service, but for what was withdrawn or rejected."""
    path = f"/v1/services/{quote(asked.service, safe='')}/requirements"
    names = ("id", "customer", "statement", "priority", "state", "state_reason", "answer")
    found = [
        {name: one.get(name) for name in names}
        async for one in catalog.listed(path, {}, LIST_DEADLINE)
        if one["state"] not in {"rejected", "withdrawn"}
    ]
    return found[:MOST_ITEMS]


async def _costs(catalog: CatalogClient, asked: Asked) -> dict[str, Any]:
    """Costs of the period against benchmarks."""
    path = f"/v1/services/{quote(asked.service, safe='')}/costs"
    told = await catalog.document(path, {"period": asked.period}, LIST_DEADLINE)
    names = ("period", "currency", "own", "full", "unit_cost", "recovery_ratio", "benchmarks")
    return {name: told.get(name) for name in names}


async def _first(items: Items, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
    async for one in items:
        if fits(one):
            return one
    return None


def _by(stamp: str, moment: datetime) -> bool:
    return datetime.fromisoformat(stamp) <= moment
