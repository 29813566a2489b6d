"""The status of each tier, and which links are broken (rules.md, Records 16). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Tier(StrEnum):
    KRA = "kra"
    KPI = "kpi"
    KPT = "kpt"
    VMA = "vma"
    SLO = "slo"
    SLI = "sli"
    SIE = "sie"


class Status(StrEnum):
    RED = "red"
    UNKNOWN = "unknown"
    GREEN = "green"


class LinkKind(StrEnum):
    """Links that people draw; KRA → KPI is part of the KRA, KPI → KPT and SLO → SLI follow from
    the definitions themselves."""

    KPT_VMA = "kpt_vma"
    VMA_SLO = "vma_slo"
    SLI_SIE = "sli_sie"


_WORST_FIRST = (Status.RED, Status.UNKNOWN, Status.GREEN)
# Words of tools, folded. What is in neither set is kept, and its event says nothing of its own.
BAD_SEVERITIES = frozenset(
    {"critical", "crit", "fatal", "emergency", "major", "high", "error", "err", "page", "down"}
)
MILD_SEVERITIES = frozenset(
    {"warning", "warn", "minor", "low", "info", "information", "informational", "notice", "ok"}
)


@dataclass(frozen=True)
class Node:
    """A node of the tree; `own` is what it says itself, None where only its children speak."""

    id: str
    tier: Tier
    key: str
    name: str
    own: Status | None
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[str, ...] = ()


def worst(statuses: Iterable[Status]) -> Status:
    """red > unknown > green; unknown of nothing at all, for nothing shows that all is well."""
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), Status.UNKNOWN)


def settled(nodes: Mapping[str, Node]) -> dict[str, Status]:
    """The status of every node: the worst of its own and of its children's.

    Children stand in a lower tier, so there are no cycles; a child that is not there is unknown.
    """
    order = list(Tier)
    statuses: dict[str, Status] = {}
    for node in sorted(nodes.values(), key=lambda each: order.index(each.tier), reverse=True):
        below = [statuses.get(child, Status.UNKNOWN) for child in node.children]
        statuses[node.id] = worst([*below, *([] if node.own is None else [node.own])])
    return statuses


def status_of_target(met: bool | None) -> Status:
    """A target that was met is green, one that was missed red; without a figure it is unknown."""
    if met is None:
        return Status.UNKNOWN
    return Status.GREEN if met else Status.RED


def status_of_event(severity: str | None) -> Status:
    """Of an infrastructure event by its severity in the tool's words; unknown words are unknown."""
    words = (severity or "").strip().casefold()
    if words in BAD_SEVERITIES:
        return Status.RED
    return Status.GREEN if words in MILD_SEVERITIES else Status.UNKNOWN


def reachable(nodes: Mapping[str, Node], root: str) -> list[str]:
    """Ids from the root down, each once, in the order of the first visit (depth first)."""
    seen: dict[str, None] = {}
    waiting = [root]
    while waiting:
        here = waiting.pop()
        if here in seen or here not in nodes:
            continue
        seen[here] = None
        waiting += reversed(nodes[here].children)
    return list(seen)


class Break(StrEnum):
    """Why a link is broken or missing."""

    KRA_WITHOUT_KPI = "kra_without_kpi"
    KPI_WITHOUT_TARGET = "kpi_without_target"
    TARGET_WITHOUT_VITAL_ACTIVITY = "target_without_vital_activity"
    VITAL_ACTIVITY_WITHOUT_SLO = "vital_activity_without_slo"
    UNKNOWN_VITAL_ACTIVITY = "unknown_vital_activity"
    UNKNOWN_SLO = "unknown_slo"
    UNKNOWN_SLI = "unknown_sli"
    ENDED_TARGET = "ended_target"
    UNKNOWN_OBJECTIVE = "unknown_objective"


BREAK_TEXTS: Mapping[Break, str] = {
    Break.KRA_WITHOUT_KPI: "No KPI measures this key result area",
    Break.KPI_WITHOUT_TARGET: "No target holds today for this KPI of the service",
    Break.TARGET_WITHOUT_VITAL_ACTIVITY: "The target serves no vital activity",
    Break.VITAL_ACTIVITY_WITHOUT_SLO: "The vital activity rests on no SLO",
    Break.UNKNOWN_VITAL_ACTIVITY: "The catalog has no such active vital activity",
    Break.UNKNOWN_SLO: "There is no such SLO any more",
    Break.UNKNOWN_SLI: "There is no such SLI any more",
    Break.ENDED_TARGET: "The target has ended: link its successor",
    Break.UNKNOWN_OBJECTIVE: "The catalog has no such objective",
}


@dataclass(frozen=True)
class Place:
    """Where a node stands in the picture: its column is its tier, its row a number from 0."""

    column: int
    row: float


def layout(nodes: Mapping[str, Node], root: str) -> dict[str, Place]:
    """Places of all reachable nodes: leaves below each other, parents at the middle of theirs.

    A node with several parents is drawn once, under the first.
    """
    order = reachable(nodes, root)
    columns = {tier: column for column, tier in enumerate(Tier)}
    first_parent = _first_parents(nodes, order)
    rows: dict[str, float] = {}
    free = 0
    for here in reversed(_post_order_reversed(nodes, root, first_parent)):
        own = [rows[child] for child in nodes[here].children if first_parent.get(child) == here]
        if own:
            rows[here] = (min(own) + max(own)) / 2
        else:
            rows[here] = float(free)
            free += 1
    return {here: Place(columns[nodes[here].tier], rows[here]) for here in order}


def _first_parents(nodes: Mapping[str, Node], order: Sequence[str]) -> dict[str, str]:
    parents: dict[str, str] = {}
    for here in order:
        for child in nodes[here].children:
            if child in nodes:
                parents.setdefault(child, here)
    return parents


def _post_order_reversed(
    nodes: Mapping[str, Node], root: str, first_parent: Mapping[str, str]
) -> list[str]:
    """Parents before their children, the last child first: read backwards it is post-order."""
    found, waiting = [], [root]
    while waiting:
        here = waiting.pop()
        found.append(here)
        waiting += [child for child in nodes[here].children if first_parent.get(child) == here]
    return found


def missing(wanted: Iterable[str], known: Collection[str]) -> list[str]:
    """What is wanted and not known, in order, each once."""
    return [one for one in dict.fromkeys(wanted) if one not in known]
