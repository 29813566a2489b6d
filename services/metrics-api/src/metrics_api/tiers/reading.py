"""Reading the tree of a key result area for a period, tier by tier, one statement each; as things
stand, or as they were known at a moment, in a session of as_of.knowing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from metrics_api.as_of.rules import together, wanted_for
from metrics_api.attribution.service_queries import service_names
from metrics_api.copies.queries import copies_of
from metrics_api.copies.schemas import VitalActivityCopy
from metrics_api.slis.queries import sli_names
from metrics_api.targets.queries import targets_on
from metrics_api.tiers import end_queries, queries, tree
from metrics_api.tiers.asking import Asked
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
from metrics_api.tiers.schemas import DETAILS, BrokenLink, NoDetail, Tree, TreeNode, TreeRecord
from metrics_api.tiers.slo_reading import active_slos, records_behind_slos, slis_of, slos_found
from metrics_api.tiers.tree import EventFound, Gathered, Link, TargetFound
from shared.kit.database import Session
from shared.schemas.metrics import KpiId, RecordKind

EVENTS_OF_A_COMPONENT = 20


async def read_tree(session: Session, key: str, asked: Asked) -> Tree:
    """The whole tree with the status of every node; 404 for an unknown key result area.

    Under each red target, SLO and event stand records that made it red.
    """
    found = await gather(session, key, asked)
    nodes = tree.build(found)
    statuses = settled(nodes)
    root = tree.kra_id(key)
    reached = [nodes[one] for one in reachable(nodes, root)]
    behind = await _behind(session, reached, asked) if asked.records else {}
    return Tree(
        kra=key,
        period=asked.period.label,
        start=asked.period.start,
        end=asked.period.end,
        complete=asked.period.complete,
        timezone=asked.timezone,
        as_of=asked.as_of,
        status=statuses[root],
        nodes=[_shown(node, statuses, behind.get(node.id, [])) for node in reached],
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


async def gather(session: Session, key: str, asked: Asked) -> Gathered:
    """What there is of each tier under a key result area: first what is defined, then, of what
    that looks at, the figures."""
    as_of = asked.as_of
    kra = await queries.get_kra_then(session, key, as_of)
    kpis = [(KpiId(one["kpi"]), one["service"]) for one in kra.kpis]
    services = [service for _, service in kpis]
    targets = await _targets(session, kpis, asked)
    target_links = await _links(session, LinkKind.KPT_VMA, [one.id for one in targets], as_of)
    activities = await _activities(session, [link.lower for link in target_links], as_of)
    activity_links = await _links(session, LinkKind.VMA_SLO, list(activities), as_of)
    slos = await active_slos(session, [link.lower for link in activity_links], asked)
    slis = await sli_names(session, slis_of(slos), as_of)
    sli_links = await _links(session, LinkKind.SLI_SIE, list(slis), as_of)
    beside = together(
        wanted_for([kpi for kpi, _ in kpis], services),
        {RecordKind.INFRASTRUCTURE_EVENT: None} if sli_links else {},
    )
    judged = await slos_found(session, slos, asked, beside)
    return Gathered(
        key=key,
        name=kra.name,
        kpis=kpis,
        service_names=await service_names(session, services, as_of),
        figures=await figures_of(session, kpis, asked.period, asked.now, asked.relations),
        targets=targets,
        target_links=target_links,
        activities=activities,
        activity_links=activity_links,
        slos=judged,
        slis=slis,
        sli_links=sli_links,
        events=await _events(session, [link.lower for link in sli_links], asked),
    )


async def _targets(
    session: Session, kpis: Sequence[tuple[KpiId, str]], asked: Asked
) -> list[TargetFound]:
    services = list(dict.fromkeys(service for _, service in kpis))
    day, books = asked.period.last_day, asked.books
    found = await targets_on(session, day, services, [kpi for kpi, _ in kpis], books)
    return [
        TargetFound(str(target.id), kpi, service, target.comparator, float(target.value))
        for kpi, service in sorted(set(kpis))
        if (target := found.get((service, kpi))) is not None
    ]


async def _links(
    session: Session, kind: LinkKind, upper: Sequence[str], as_of: datetime | None
) -> list[Link]:
    rows = await queries.links_below(session, kind.value, upper, as_of)
    return [Link(row.id, row.upper, row.lower) for row in rows]


async def _activities(
    session: Session, keys: Sequence[str], as_of: datetime | None
) -> dict[str, str]:
    found = await copies_of(session, "vital_activity", VitalActivityCopy, keys=keys, as_of=as_of)
    return {key: activity.name for key, activity in found.items() if activity.active}


async def _events(session: Session, components: Sequence[str], asked: Asked) -> list[EventFound]:
    wanted = list(dict.fromkeys(components))
    rows = await end_queries.events_of_components(
        session, wanted, asked.span, EVENTS_OF_A_COMPONENT, asked.relations
    )
    return [EventFound._make(row) for row in rows]


def _shown(node: Node, statuses: Mapping[str, Status], behind: list[TreeRecord]) -> TreeNode:
    return TreeNode(
        id=node.id,
        tier=node.tier,
        key=node.key,
        name=node.name,
        status=statuses[node.id],
        own=node.own,
        reason=node.reason,
        detail=DETAILS[node.tier].model_validate(node.detail) if node.detail else NoDetail(),
        children=[child for child in node.children if child in statuses],
        records=behind,
    )


async def _behind(
    session: Session, nodes: Sequence[Node], asked: Asked
) -> dict[str, list[TreeRecord]]:
    """The records under each node that is red by itself, by its id."""
    red = [node for node in nodes if node.own is Status.RED]
    slos = [node.key for node in red if node.tier is Tier.SLO]
    behind_slos = await records_behind_slos(session, slos, asked)
    return {
        node.id: behind_slos.get(node.key, [])
        if node.tier is Tier.SLO
        else await _records(session, node, asked)
        for node in red
    }


async def _records(session: Session, node: Node, asked: Asked) -> list[TreeRecord]:
    detail: Mapping[str, Any] = node.detail
    if node.tier is Tier.KPT:
        rows = await records_behind(session, KpiId(detail["kpi"]), detail["service"], asked)
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
