"""The tree of a key result area from what was read of each tier. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from metrics_api.indicators.figures import meets
from metrics_api.indicators.kpis import KPIS
from metrics_api.tiers.rules import (
    BREAK_TEXTS,
    Break,
    Node,
    Status,
    Tier,
    status_of_event,
    status_of_target,
)
from shared.schemas.metrics import Comparator, KpiId


@dataclass(frozen=True)
class Figure:
    """A KPI of a service in the period; `reason` says why there is no value."""

    value: float | None
    count: int
    reason: str | None


class TargetFound(NamedTuple):
    id: str
    kpi: KpiId
    service: str
    comparator: Comparator
    value: float


class SloFound(NamedTuple):
    """An SLO with its own status; it rests on one SLI, a composite one on those of its parts."""

    key: str
    name: str
    slis: tuple[str, ...]
    status: Status
    reason: str | None
    detail: Mapping[str, Any]


class EventFound(NamedTuple):
    component: str
    source: str
    external_id: str
    title: str | None
    severity: str | None
    occurred_at: datetime
    cleared_at: datetime | None


class Link(NamedTuple):
    id: Any
    upper: str
    lower: str


@dataclass(frozen=True)
class Gathered:
    """What was read of each tier, from the top down."""

    key: str
    name: str
    kpis: Sequence[tuple[KpiId, str]]
    service_names: Mapping[str, str]
    figures: Mapping[tuple[KpiId, str], Figure]
    targets: Sequence[TargetFound]
    target_links: Sequence[Link]
    activities: Mapping[str, str]  # names of the active ones by key
    activity_links: Sequence[Link]
    slos: Mapping[str, SloFound]
    slis: Mapping[str, str]  # names by key
    sli_links: Sequence[Link]
    events: Sequence[EventFound]


class Broken(NamedTuple):
    tier: Tier
    key: str
    code: Break
    lower: str | None
    link: Any


def kra_id(key: str) -> str:
    return f"kra:{key}"


def build(found: Gathered) -> dict[str, Node]:
    """All nodes by id. A link whose lower end is not there leads nowhere: that is unknown."""
    nodes = [_kra(found), *_kpis(found), *_targets(found), *_activities(found)]
    nodes += [*_slos(found), *_slis(found), *_events(found)]
    return {node.id: node for node in nodes}


def _kra(found: Gathered) -> Node:
    kpis = tuple(f"kpi:{kpi}" for kpi in dict.fromkeys(kpi for kpi, _ in found.kpis))
    reason = None if kpis else BREAK_TEXTS[Break.KRA_WITHOUT_KPI]
    return Node(kra_id(found.key), Tier.KRA, found.key, found.name, None, reason, children=kpis)


def _kpis(found: Gathered) -> Iterator[Node]:
    """One node a KPI, whatever the number of its services; each of these has a target, or not."""
    held = {(target.kpi, target.service): target.id for target in found.targets}
    for kpi in dict.fromkeys(kpi for kpi, _ in found.kpis):
        services = [service for each, service in found.kpis if each == kpi]
        without = [service for service in services if (kpi, service) not in held]
        yield Node(
            f"kpi:{kpi}",
            Tier.KPI,
            kpi.value,
            KPIS[kpi].name,
            Status.UNKNOWN if without else None,
            f"No target holds for {', '.join(without)}" if without else None,
            {"unit": KPIS[kpi].unit, "services": services},
            tuple(f"kpt:{held[kpi, each]}" for each in services if (kpi, each) in held),
        )


def _targets(found: Gathered) -> Iterator[Node]:
    below = _lower_of(found.target_links)
    for target in found.targets:
        figure = found.figures.get((target.kpi, target.service), Figure(None, 0, "no figure"))
        met = None if figure.value is None else meets(figure.value, target.comparator, target.value)
        status = status_of_target(met)
        name = found.service_names.get(target.service, target.service)
        yield Node(
            f"kpt:{target.id}",
            Tier.KPT,
            target.id,
            f"{KPIS[target.kpi].name} of {name}",
            status,
            _why(status, figure),
            {
                "kpi": target.kpi.value,
                "service": target.service,
                "comparator": target.comparator.value,
                "target": target.value,
                "value": figure.value,
                "count": figure.count,
                "unit": KPIS[target.kpi].unit,
            },
            tuple(f"vma:{key}" for key in below.get(target.id, ())),
        )


def _why(status: Status, figure: Figure) -> str | None:
    if status is Status.RED:
        return "The target was missed"
    return figure.reason if status is Status.UNKNOWN else None


def _activities(found: Gathered) -> Iterator[Node]:
    below = _lower_of(found.activity_links)
    for key in dict.fromkeys(link.lower for link in found.target_links):
        children = tuple(f"slo:{slo}" for slo in below.get(key, ()))
        known = key in found.activities
        code = None if known else Break.UNKNOWN_VITAL_ACTIVITY
        if known and not children:
            code = Break.VITAL_ACTIVITY_WITHOUT_SLO
        yield Node(
            f"vma:{key}",
            Tier.VMA,
            key,
            found.activities.get(key, key),
            Status.UNKNOWN if code else None,
            BREAK_TEXTS[code] if code else None,
            children=children,
        )


def _slos(found: Gathered) -> Iterator[Node]:
    for key in dict.fromkeys(link.lower for link in found.activity_links):
        slo = found.slos.get(key)
        if slo is None:
            text = BREAK_TEXTS[Break.UNKNOWN_SLO]
            yield Node(f"slo:{key}", Tier.SLO, key, key, Status.UNKNOWN, text)
            continue
        yield Node(
            f"slo:{key}",
            Tier.SLO,
            key,
            slo.name,
            slo.status,
            slo.reason,
            slo.detail,
            tuple(f"sli:{sli}" for sli in slo.slis),
        )


def _slis(found: Gathered) -> Iterator[Node]:
    """An SLI without any component has nothing below it: its SLO speaks for it."""
    components = _lower_of(found.sli_links)
    events: dict[str, list[str]] = {}
    for event in found.events:
        events.setdefault(event.component, []).append(_event_id(event))
    for key in dict.fromkeys(sli for slo in found.slos.values() for sli in slo.slis):
        mine = components.get(key, ())
        raised = tuple(dict.fromkeys(one for each in mine for one in events.get(each, ())))
        known = key in found.slis
        yield Node(
            f"sli:{key}",
            Tier.SLI,
            key,
            found.slis.get(key, key),
            None if raised else Status.GREEN if known else Status.UNKNOWN,
            None if known else BREAK_TEXTS[Break.UNKNOWN_SLI],
            {"components": list(mine)},
            raised,
        )


def _events(found: Gathered) -> Iterator[Node]:
    for event in {_event_id(each): each for each in found.events}.values():
        yield Node(
            _event_id(event),
            Tier.SIE,
            f"{event.source}/{event.external_id}",
            event.title or event.external_id,
            status_of_event(event.severity),
            None if event.severity else "The tool said no severity",
            {
                "component": event.component,
                "severity": event.severity,
                "occurred_at": event.occurred_at,
                "cleared_at": event.cleared_at,
            },
        )


def _event_id(event: EventFound) -> str:
    return f"sie:{event.source}/{event.external_id}"


def _lower_of(links: Sequence[Link]) -> dict[str, list[str]]:
    below: dict[str, list[str]] = {}
    for link in links:
        below.setdefault(link.upper, []).append(link.lower)
    return below


def broken_links(found: Gathered) -> list[Broken]:
    """What is missing or broken in this tree, from the top down."""
    return [
        *_broken_above(found),
        *(
            Broken(Tier.KPT, link.upper, Break.UNKNOWN_VITAL_ACTIVITY, link.lower, link.id)
            for link in found.target_links
            if link.lower not in found.activities
        ),
        *_broken_activities(found),
        *(
            Broken(Tier.SLO, slo.key, Break.UNKNOWN_SLI, sli, None)
            for slo in found.slos.values()
            for sli in slo.slis
            if sli not in found.slis
        ),
    ]


def _broken_above(found: Gathered) -> Iterator[Broken]:
    if not found.kpis:
        yield Broken(Tier.KRA, found.key, Break.KRA_WITHOUT_KPI, None, None)
    held = {(target.kpi, target.service) for target in found.targets}
    for kpi, service in found.kpis:
        if (kpi, service) not in held:
            yield Broken(Tier.KPI, f"{kpi}", Break.KPI_WITHOUT_TARGET, service, None)
    linked = {link.upper for link in found.target_links}
    for target in found.targets:
        if target.id not in linked:
            yield Broken(Tier.KPT, target.id, Break.TARGET_WITHOUT_VITAL_ACTIVITY, None, None)


def _broken_activities(found: Gathered) -> Iterator[Broken]:
    resting = {link.upper for link in found.activity_links}
    for key in dict.fromkeys(link.lower for link in found.target_links):
        if key in found.activities and key not in resting:
            yield Broken(Tier.VMA, key, Break.VITAL_ACTIVITY_WITHOUT_SLO, None, None)
    for link in found.activity_links:
        if link.lower not in found.slos:
            yield Broken(Tier.VMA, link.upper, Break.UNKNOWN_SLO, link.lower, link.id)
