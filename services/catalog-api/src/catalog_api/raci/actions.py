"""Replacing RACI charts, and reading them with what they lack."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.organisation import queries as organisation_queries
from catalog_api.raci import queries, rules
from catalog_api.raci.schemas import (
    AssignmentIn,
    ChartOut,
    GapOut,
    ProcessAssignments,
    ServiceGaps,
    ServiceRaci,
)
from catalog_api.raci.tables import RaciChart
from catalog_api.registry.queries import lock_service
from catalog_api.rows import change_row, insert_row, new_row, table_of
from shared.errors import Conflict, FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.schemas.processes import Process

RACI = "raci"


async def replace_chart(
    session: Session,
    caller: Principal,
    place: tuple[str, Process],
    wanted: Sequence[AssignmentIn],
    expected: int,
) -> None:
    """Make these the present assignments of a service's process; `place` is (service, process).

    The locked service row lets one replacement at a time see and change its charts.
    """
    service, process = place
    assignments = [rules.Assignment(**one.model_dump()) for one in wanted]
    _refuse_repeated(assignments)
    await lock_service(session, service)
    check_version(expected, await queries.chart_revision(session, service, process))
    present = [
        queries.assignment_of(row)
        for row in await queries.assignments_of(session, service, process, None)
    ]
    _refuse_accountables(process, present, assignments)
    await _refuse_unknown(session, assignments)
    difference = rules.difference(present, assignments)
    if not (difference.ended or difference.begun):
        return
    moment = now()
    await _count_up(session, service, process)
    await queries.end_assignments(session, service, process, difference.ended, moment)
    await queries.begin_assignments(session, service, process, difference.begun, moment)
    change = ResourceChange(
        RACI,
        f"{service}/{process}",
        "changed" if present else "created",
        _as_shown(present) if present else None,
        _as_shown(assignments),
        service,
    )
    await record_resource(session, caller, change)


async def read_chart(session: Session, service: str, process: Process) -> ChartOut:
    """The present chart of a process with what it lacks."""
    rows = await queries.assignments_of(session, service, process, None)
    assignments = [queries.assignment_of(row) for row in rows]
    people = await queries.people_behind(session, [service], _units(assignments))
    named = rules.accountables(assignments)
    default = rules.DEFAULTS.get(process)
    return ChartOut(
        service=service,
        process=process,
        revision=await queries.chart_revision(session, service, process),
        assignments=rows,
        default_accountable=default.role if default is not None and not named else None,
        gaps=_shown(rules.gaps(process, assignments, people[service])),
    )


async def read_charts(session: Session, service: str, as_of: datetime | None) -> ServiceRaci:
    """The charts of all ten processes, as they are or as they were; the past is not judged."""
    rows = await queries.assignments_of(session, service, None, as_of)
    gaps: list[rules.Gap] = []
    if as_of is None:
        gaps = (await _gaps_of(session, [service]))[service]
    return ServiceRaci(
        service=service,
        as_of=as_of or now(),
        complete=not gaps if as_of is None else None,
        gaps=_shown(gaps),
        processes=[
            ProcessAssignments(
                process=process,
                assignments=[row for row in rows if row.process is process],
            )
            for process in Process
        ],
    )


async def report_gaps(session: Session, services: Sequence[Any]) -> list[ServiceGaps]:
    """What each of these services (key, name, stage) lacks over the ten processes."""
    found = await _gaps_of(session, [service.key for service in services])
    return [
        ServiceGaps(
            service=service.key,
            name=service.name,
            stage=service.stage,
            complete=not found[service.key],
            gaps=_shown(found[service.key]),
        )
        for service in services
    ]


async def _gaps_of(session: Session, services: Sequence[str]) -> dict[str, list[rules.Gap]]:
    charts: dict[str, dict[Process, list[rules.Assignment]]] = {key: {} for key in services}
    every = await queries.present_assignments(session, services)
    for service, process, assignment in every:
        charts[service].setdefault(process, []).append(assignment)
    units = _units([assignment for _, _, assignment in every])
    people = await queries.people_behind(session, services, units)
    return {key: rules.all_gaps(charts[key], people[key]) for key in services}


def _units(assignments: Sequence[rules.Assignment]) -> set[str]:
    return {one.unit for one in assignments if one.unit is not None}


def _shown(gaps: Sequence[rules.Gap]) -> list[GapOut]:
    return [GapOut.model_validate(gap) for gap in gaps]


def _as_shown(assignments: Sequence[rules.Assignment]) -> dict[str, Any]:
    return {"assignments": [asdict(one) for one in assignments]}


async def _count_up(session: Session, service: str, process: Process) -> None:
    chart = {"service_key": service, "process": process}
    if await insert_row(session, RaciChart, new_row(chart)):
        return
    column = table_of(RaciChart).c
    await change_row(
        session, RaciChart, (column.service_key == service) & (column.process == process), {}
    )


def _refuse_repeated(assignments: Sequence[rules.Assignment]) -> None:
    errors = [
        FieldError(
            f"/{position}",
            f"{assignments[position].assignee} is {assignments[position].responsibility} twice",
            "repeated",
        )
        for position in rules.repeated(assignments)
    ]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _refuse_accountables(
    process: Process, present: Sequence[rules.Assignment], wanted: Sequence[rules.Assignment]
) -> None:
    named = [one.assignee for one in rules.accountables(wanted)]
    if len(named) > 1:
        raise Conflict(
            f"{process} has exactly one accountable, and these are {len(named)}:"
            f" {', '.join(named)}",
            code="accountable_not_one",
            accountable=named,
        )
    if not named:
        before = [one.assignee for one in rules.accountables(present)]
        who = f"; now it is {before[0]}" if before else ""
        raise Conflict(
            f"{process} has exactly one accountable: name it{who}",
            code="accountable_required",
            accountable=before,
        )


async def _refuse_unknown(session: Session, assignments: Sequence[rules.Assignment]) -> None:
    """422 for units and roles that are not there; the others stay till this transaction ends."""
    units = await organisation_queries.share_units(session, _units(assignments))
    roles = {one.role for one in assignments if one.role is not None}
    catalogued = await organisation_queries.share_roles(session, roles)
    errors = []
    for position, one in enumerate(assignments):
        if one.unit is not None and one.unit not in units:
            detail = f"there is no organisation unit {one.unit}, or it has ended"
            errors.append(FieldError(f"/{position}/unit", detail, "unknown_organisation_unit"))
        if one.role is not None and one.role not in catalogued:
            detail = f"the catalog of roles has no {one.role}, or it is retired"
            errors.append(FieldError(f"/{position}/role", detail, "unknown_role"))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
