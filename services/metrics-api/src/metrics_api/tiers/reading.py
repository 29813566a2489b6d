"""Reading the tree of a key result area for a period, tier by tier, one statement each."""

from collections.abc import Mapping, Sequence
from typing import Any

from metrics_api.copies.queries import copies_of
from metrics_api.copies.schemas import VitalActivityCopy
from metrics_api.indicators.periods import Period
from metrics_api.tiers import end_queries, queries, tree
from metrics_api.tiers.figures import figures_of
from metrics_api.tiers.record_queries import records_behind
from metrics_api.tiers.rules import (
    BREAK_TEXTS,
    Break,
    LinkKind,
    Node,
    Status,
    Tier,
    reachable,
    settled,
)
from metrics_api.tiers.schemas import BrokenLink, Tree, TreeNode, TreeRecord
from metrics_api.tiers.slo_reading import names_of_slis, slos_found
from metrics_api.tiers.tree import EventFound, Gathered, Link, TargetFound
from shared.kit.database import Session
from shared.schemas.metrics import Comparator, KpiId

EVENTS_OF_A_COMPONENT = 20


async def read_tree(
    session: Session, key: str, period: Period, timezone: str, records: int
) -> Tree:
    """The whole tree with the status of every node; 404 for an unknown key result area.

    Under each red target and event up to `records` records that made it red.
    """
    found = await gather(session, key, period)
    nodes = tree.build(found)
    statuses = settled(nodes)
    root = tree.kra_id(key)
    shown = [
        await _shown(session, nodes[one], statuses, period, records)
        for one in reachable(nodes, root)
    ]
    return Tree(
        kra=key,
        period=period.label,
        start=period.start,
        end=period.end,
        complete=period.complete,
        timezone=timezone,
        status=statuses[root],
        nodes=shown,
        broken_links=[as_broken(one) for one in tree.broken_links(found)],
    )


def as_broken(broken: tree.Broken) -> BrokenLink:
    return BrokenLink(
        tier=broken.tier,
        key=broken.key,
        code=broken.code,
        text=BREAK_TEXTS[broken.code],
        lower=broken.lower,
        link=broken.link,
    )


def broken_row(row: Any) -> BrokenLink:
    """One of `queries.list_broken`."""
    return as_broken(tree.Broken(Tier(row.tier), row.key, Break(row.code), row.lower, row.link))


async def gather(session: Session, key: str, period: Period) -> Gathered:
    """What there is of each tier under a key result area."""
    kra = await queries.get_kra(session, key)
    kpis = [(KpiId(one["kpi"]), one["service"]) for one in kra.kpis]
    targets = await _targets(session, kpis, period)
    target_links = await _links(session, LinkKind.KPT_VMA, [target.id for target in targets])
    activities = await _activities(session, [link.lower for link in target_links])
    activity_links = await _links(session, LinkKind.VMA_SLO, list(activities))
    slos = await slos_found(session, [link.lower for link in activity_links], period)
    slis = await names_of_slis(session, [sli for slo in slos.values() for sli in slo.slis])
    sli_links = await _links(session, LinkKind.SLI_SIE, list(slis))
    return Gathered(
        key=key,
        name=kra.name,
        kpis=kpis,
        service_names=await end_queries.known_services(session, [each for _, each in kpis]),
        figures=await figures_of(session, kpis, period),
        targets=targets,
        target_links=target_links,
        activities=activities,
        activity_links=activity_links,
        slos=slos,
        slis=slis,
        sli_links=sli_links,
        events=await _events(session, [link.lower for link in sli_links], period),
    )


async def _targets(
    session: Session, kpis: Sequence[tuple[KpiId, str]], period: Period
) -> list[TargetFound]:
    pairs = [(kpi.value, service) for kpi, service in kpis]
    return [
        TargetFound(
            str(row.id),
            KpiId(row.kpi),
            row.service,
            Comparator(row.comparator),
            float(row.value),
        )
        for row in await end_queries.targets_on(session, pairs, period.last_day)
    ]


async def _links(session: Session, kind: LinkKind, upper: Sequence[str]) -> list[Link]:
    rows = await queries.links_below(session, kind.value, upper)
    return [Link(row.id, row.upper, row.lower) for row in rows]


async def _activities(session: Session, keys: Sequence[str]) -> dict[str, str]:
    found = await copies_of(session, "vital_activity", VitalActivityCopy, keys=keys)
    return {key: activity.name for key, activity in found.items() if activity.active}


async def _events(session: Session, components: Sequence[str], period: Period) -> list[EventFound]:
    span = (period.start, period.end)
    wanted = list(dict.fromkeys(components))
    rows = await end_queries.events_of_components(session, wanted, span, EVENTS_OF_A_COMPONENT)
    return [EventFound._make(row) for row in rows]


async def _shown(
    session: Session,
    node: Node,
    statuses: Mapping[str, Status],
    period: Period,
    records: int,
) -> TreeNode:
    behind: list[TreeRecord] = []
    if node.own is Status.RED and records:
        behind = await _records(session, node, period, records)
    return TreeNode(
        id=node.id,
        tier=node.tier,
        key=node.key,
        name=node.name,
        status=statuses[node.id],
        own=node.own,
        reason=node.reason,
        detail=dict(node.detail),
        children=[child for child in node.children if child in statuses],
        records=behind,
    )


async def _records(session: Session, node: Node, period: Period, limit: int) -> list[TreeRecord]:
    detail: Mapping[str, Any] = node.detail
    if node.tier is Tier.KPT:
        span = (period.start, period.end)
        kpi = KpiId(detail["kpi"])
        rows = await records_behind(session, kpi, detail["service"], span, limit)
        return [TreeRecord.model_validate(row) for row in rows]
    if node.tier is Tier.SIE:
        source, external_id = node.key.split("/", 1)
        return [
            TreeRecord(
                kind="infrastructure_event",
                source=source,
                external_id=external_id,
                title=node.name,
                at=detail["occurred_at"],
                value=None,
                unit=None,
            )
        ]
    return []
