"""Who answers for a process of a service, and what is missing before that is clear."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known
from shared.schemas.common import FactValue
from shared.schemas.processes import Process

SERVICE_OWNER = "service_owner"


class Responsibility(StrEnum):
    RESPONSIBLE = "responsible"
    ACCOUNTABLE = "accountable"
    CONSULTED = "consulted"
    INFORMED = "informed"


class GapKind(StrEnum):
    """Why a chart is not complete."""

    NO_ACCOUNTABLE = "no_accountable"
    NO_RESPONSIBLE = "no_responsible"
    ACCOUNTABLE_VACANT = "accountable_vacant"
    ACCOUNTABLE_AMBIGUOUS = "accountable_ambiguous"
    RESPONSIBLE_VACANT = "responsible_vacant"


@dataclass(frozen=True)
class Assignment:
    """A duty given to exactly one of a person, a unit or a role."""

    responsibility: Responsibility
    subject: str | None = None
    unit: str | None = None
    role: str | None = None

    @property
    def assignee(self) -> str:
        """For people to read."""
        if self.subject is not None:
            return self.subject
        return f"unit {self.unit}" if self.unit is not None else f"role {self.role}"


@dataclass(frozen=True)
class People:
    """Who stands behind roles and units: holders by role, managers by unit, members by unit."""

    holders: Mapping[str, Collection[str]]
    managers: Mapping[str, str | None]
    members: Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Gap:
    process: Process
    kind: GapKind
    detail: str


@dataclass(frozen=True)
class Difference:
    ended: list[Assignment]
    begun: list[Assignment]


# A service_owner answers for the whole life of the service, unless the chart names another.
DEFAULTS: Mapping[Process, Assignment] = {
    Process.SERVICE_LIFECYCLE_MANAGEMENT: Assignment(
        Responsibility.ACCOUNTABLE, role=SERVICE_OWNER
    ),
}


def repeated(assignments: Sequence[Assignment]) -> list[int]:
    """Positions of assignments that say the same as an earlier one."""
    return [
        position
        for position, assignment in enumerate(assignments)
        if assignment in assignments[:position]
    ]


def accountables(assignments: Iterable[Assignment]) -> list[Assignment]:
    return [one for one in assignments if one.responsibility is Responsibility.ACCOUNTABLE]


def difference(present: Iterable[Assignment], wanted: Iterable[Assignment]) -> Difference:
    """Who stops and who starts, in a fixed order; those who stay keep their beginning."""
    before, after = set(present), set(wanted)
    return Difference(sorted(before - after, key=_order), sorted(after - before, key=_order))


def _order(assignment: Assignment) -> tuple[str, str]:
    return assignment.responsibility, assignment.assignee


def effective(process: Process, assignments: Sequence[Assignment]) -> list[Assignment]:
    """The assignments, with the default accountable where the chart names none."""
    default = DEFAULTS.get(process)
    if default is None or accountables(assignments):
        return list(assignments)
    return [default, *assignments]


def answerable(assignment: Assignment, people: People) -> list[str]:
    """The persons who answer for it: of a role its holders, of a unit its manager.

    A unit without a manager is answered for by nobody, whoever its members are.
    """
    if assignment.subject is not None:
        return [assignment.subject]
    if assignment.role is not None:
        return sorted(set(people.holders.get(assignment.role, ())))
    manager = people.managers.get(assignment.unit or "")
    return [manager] if manager is not None else []


def able(assignment: Assignment, people: People) -> list[str]:
    """The persons who can do the work: as answerable, and of a unit its members too."""
    members = people.members.get(assignment.unit or "", ())
    return sorted({*answerable(assignment, people), *members})


def gaps(process: Process, assignments: Sequence[Assignment], people: People) -> list[Gap]:
    """What one chart lacks."""
    present = effective(process, assignments)
    found = [*_accountable_gaps(present, people), *_responsible_gaps(present, people)]
    return [Gap(process, kind, detail) for kind, detail in found]


def _accountable_gaps(
    assignments: Sequence[Assignment], people: People
) -> list[tuple[GapKind, str]]:
    named = accountables(assignments)
    if not named:
        return [(GapKind.NO_ACCOUNTABLE, "nobody is accountable")]
    behind = answerable(named[0], people)
    if not behind:
        why = f"{named[0].assignee} is accountable, and no person stands behind that"
        return [(GapKind.ACCOUNTABLE_VACANT, why)]
    if len(behind) > 1:
        why = f"{named[0].assignee} is accountable, and that is {', '.join(behind)}"
        return [(GapKind.ACCOUNTABLE_AMBIGUOUS, why)]
    return []


def _responsible_gaps(
    assignments: Sequence[Assignment], people: People
) -> list[tuple[GapKind, str]]:
    named = [one for one in assignments if one.responsibility is Responsibility.RESPONSIBLE]
    if not named:
        return [(GapKind.NO_RESPONSIBLE, "nobody is responsible")]
    if any(able(one, people) for one in named):
        return []
    who = ", ".join(one.assignee for one in named)
    return [(GapKind.RESPONSIBLE_VACANT, f"no person stands behind {who}")]


def all_gaps(charts: Mapping[Process, Sequence[Assignment]], people: People) -> list[Gap]:
    """What a service lacks over the ten processes, in their order."""
    return [gap for process in Process for gap in gaps(process, charts.get(process, ()), people)]


DEFINITIONS = (
    definition("raci_complete", "boolean", None, "The RACI of all ten processes lacks nothing"),
    definition("raci_gap_count", "integer", "gaps", "What the RACI of the ten processes lacks"),
    definition(
        "accountable_processes_count",
        "integer",
        "processes",
        "Processes with exactly one person behind who is accountable",
    ),
    definition("raci_complete_processes", "list", None, "Processes whose RACI lacks nothing"),
    definition(
        "service_roles_uncatalogued_count",
        "integer",
        "roles",
        "Roles held for the service that the catalog of roles does not describe",
    ),
    definition(
        "service_roles_missing", "list", None, "Roles required at this stage that nobody holds"
    ),
)
_UNACCOUNTED = frozenset(
    {GapKind.NO_ACCOUNTABLE, GapKind.ACCOUNTABLE_VACANT, GapKind.ACCOUNTABLE_AMBIGUOUS}
)


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Computed anew each time: people come and go without any chart being changed."""
    charts: dict[Process, list[Assignment]] = {}
    for one in section["assignments"]:
        assignment = Assignment(
            Responsibility(one["responsibility"]), one["subject"], one["unit"], one["role"]
        )
        charts.setdefault(Process(one["process"]), []).append(assignment)
    holders = section["holders"]
    lacking = all_gaps(charts, _people(section))
    unaccounted = {gap.process for gap in lacking if gap.kind in _UNACCOUNTED}
    complete = [one.value for one in Process if one not in {gap.process for gap in lacking}]
    strange = {one["role"] for one in holders if not one["catalogued"]}
    required = {one["role"] for one in section["required_roles"]}
    missing = sorted(required - {one["role"] for one in holders})
    return {
        "raci_complete": known(not lacking, now),
        "raci_gap_count": known(len(lacking), now),
        "accountable_processes_count": known(len(Process) - len(unaccounted), now),
        "raci_complete_processes": known(complete, now),
        "service_roles_uncatalogued_count": known(len(strange), now),
        "service_roles_missing": known(missing, now),
    }


def _people(section: Mapping[str, Any]) -> People:
    holders: dict[str, list[str]] = {}
    for one in section["holders"]:
        holders.setdefault(one["role"], []).append(one["subject"])
    return People(
        holders,
        {one["unit"]: one["manager"] for one in section["units"]},
        {one["unit"]: one["members"] for one in section["units"]},
    )
