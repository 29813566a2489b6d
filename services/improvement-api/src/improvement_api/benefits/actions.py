"""Measuring effects, setting guard-rails, and telling how a plan ends."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from improvement_api.benefits import queries
from improvement_api.benefits.asking import Subject, ask_for_inputs
from improvement_api.benefits.periods import Grain, last_look_on, next_look_on
from improvement_api.benefits.queries import Intervention
from improvement_api.benefits.rules import (
    Closing,
    GoalReport,
    GuardRailReport,
    GuardRailStanding,
    InitiativeReport,
    Worsening,
    check_kept,
    closing_of,
    standing_of,
)
from improvement_api.benefits.schemas import GuardRailsPut, Measure, MeasurementInputs
from improvement_api.benefits.tables import GuardRail, Measurement
from improvement_api.goals.queries import goals_of_plan
from improvement_api.goals.tables import Goal
from improvement_api.plans.queries import get_initiative, get_plan
from improvement_api.plans.rules import PlanState, check_editable
from improvement_api.plans.tables import Initiative, Plan
from shared.clients.metrics import MetricsClient
from shared.errors import Conflict
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Engine, Session, transaction
from shared.kit.etag import check_version
from shared.schemas.metrics import InitiativeState, KpiId


@dataclass(frozen=True)
class Taken:
    """A measurement that was computed and is not stored yet; its row but for who made it."""

    values: Mapping[str, Any]


async def subject_of_initiative(engine: Engine, initiative_id: UUID, today: date) -> Subject:
    """What to measure of an initiative; 409 until it is done and its end has passed."""
    async with transaction(engine) as session:
        initiative = await get_initiative(session, initiative_id)
        span = Intervention(initiative.start, _watched_until(initiative.end, today))
        others = await queries.others_for(
            session, initiative.service, initiative.kpi, span, [initiative.id]
        )
    if not _is_over(initiative, today) or initiative.end is None:
        raise Conflict(
            "An effect is measured once the initiative is done and its end has passed",
            code="initiative_not_over",
            state=initiative.state.value,
            end=None if initiative.end is None else initiative.end.isoformat(),
        )
    return Subject(
        initiative.plan_id,
        initiative.id,
        initiative.service,
        KpiId(initiative.kpi),
        initiative.start,
        initiative.end,
        others,
    )


async def subjects_of_guard_rails(engine: Engine, plan_id: UUID, today: date) -> list[Subject]:
    """What to measure of a plan's guard-rails; 409 until all its initiatives are over."""
    async with transaction(engine) as session:
        plan = await get_plan(session, plan_id)
        intervention = await queries.intervention_of(session, plan.id, today)
        if intervention is None:
            raise Conflict(
                "Guard-rails are measured once every initiative of the plan is done or cancelled,"
                " and the last end has passed",
                code="initiatives_not_over",
            )
        own = [one.id for one in await queries.initiatives_of(session, plan.id)]
        span = Intervention(intervention.start, _watched_until(intervention.end, today))
        return [
            Subject(
                plan.id,
                None,
                one.service,
                KpiId(one.kpi),
                intervention.start,
                intervention.end,
                await queries.others_for(session, one.service, one.kpi, span, own),
            )
            for one in await queries.guard_rails_of(session, plan.id)
        ]


async def take_measurement(metrics: MetricsClient, subject: Subject, wanted: Measure) -> Taken:
    """Ask for figures and compute; no transaction is open meanwhile."""
    as_of = now()
    inputs = await ask_for_inputs(metrics, subject, wanted, as_of.date())
    values = await asyncio.to_thread(_computed, inputs)
    return Taken(
        {
            "plan_id": subject.plan_id,
            "initiative_id": subject.initiative_id,
            "service": subject.service,
            "kpi": subject.kpi.value,
            "starts_on": subject.start,
            "ends_on": subject.end,
            "exploratory": wanted != Measure(),
            "grain": inputs.grain,
            "look": inputs.look,
            "judged_on": next_look_on(subject.end, inputs.grain, as_of.date()),
            "last_judged_on": last_look_on(subject.end, inputs.grain),
            "as_of": as_of,
            **values,
        }
    )


def _computed(inputs: MeasurementInputs) -> dict[str, Any]:
    # Takes a second to import, and most processes never need it.
    from improvement_api.benefits.measuring import measured  # noqa: PLC0415

    found = measured(inputs)
    return {
        "inputs": inputs.model_dump(mode="json"),
        "inputs_hash": found.inputs_hash,
        "method": found.method,
        "result": found.result.model_dump(mode="json"),
        "verdict": found.verdict,
        "worse_at_least": found.worsening and found.worsening.at_least,
        "worse_at_most": found.worsening and found.worsening.at_most,
    }


async def keep(session: Session, taken: Taken, caller: Principal) -> tuple[Measurement, bool]:
    """Store a measurement, or find the one that says the same; whether it is new."""
    values = {**taken.values, "id": uuid4(), "measured_at": now(), "measured_by": caller.person}
    stored = await queries.keep_measurement(session, values)
    if stored is None:
        return await queries.same_measurement(session, values), False
    names = ("plan_id", "initiative_id", "service", "kpi", "verdict", "look", "inputs_hash")
    facts = {name: values[name] for name in names}
    await record(session, caller, "measured", ("measurement", str(stored.id)), None, facts)
    return stored, True


async def set_guard_rails(
    session: Session, plan_id: UUID, body: GuardRailsPut, expected: int, caller: Principal
) -> Plan:
    """Replace a plan's guard-rails; 409 once it is in review: its effects can be seen by then.

    Before that those that were measured are kept.
    """
    plan = await get_plan(session, plan_id, lock=True)
    check_version(expected, plan.version)
    check_editable(plan.state)
    if PlanState.REVIEW in (plan.state, plan.held_from):
        raise Conflict(
            "Guard-rails are set before the plan is reviewed",
            code="guard_rails_fixed",
            state=plan.state.value,
        )
    standing = await queries.guard_rails_of(session, plan.id)
    before = [_guard_rail_facts(one) for one in standing]
    measured = await queries.latest_of_plan(session, plan.id)
    check_kept(
        {(one.service, one.kpi): one.tolerance for one in standing},
        {(one.service, one.kpi): one.tolerance for one in body.items},
        {(one.service, one.kpi) for one in measured if one.initiative_id is None},
    )
    rows = [{"id": uuid4(), "plan_id": plan.id, **item.model_dump()} for item in body.items]
    await queries.replace_guard_rails(session, plan.id, rows)
    plan.version += 1
    plan.updated_at = now()
    after = [_guard_rail_facts(one) for one in await queries.guard_rails_of(session, plan.id)]
    subject = ("plan", str(plan.id))
    await record(session, caller, "guard_rails_set", subject, {"items": before}, {"items": after})
    return plan


@dataclass(frozen=True)
class JudgedGuardRail:
    row: GuardRail
    standing: GuardRailStanding
    measurement: Measurement | None


async def judged_guard_rails(session: Session, plan_id: UUID, today: date) -> list[JudgedGuardRail]:
    """The guard-rails of a plan by their newest measurements of its initiatives as they stand."""
    intervention = await queries.intervention_of(session, plan_id, today)
    measured = await queries.latest_of_plan(session, plan_id)
    newest = {
        (one.service, one.kpi): one
        for one in measured
        if one.initiative_id is None
        and intervention is not None
        and (one.starts_on, one.ends_on) == (intervention.start, intervention.end)
    }
    return [
        _judged(one, newest.get((one.service, one.kpi)))
        for one in await queries.guard_rails_of(session, plan_id)
    ]


async def closing_of_plan(session: Session, plan: Plan, moment: datetime) -> Closing:
    """How a plan ends by what was measured, or what that still takes."""
    today = moment.date()
    measured = await queries.latest_of_plan(session, plan.id)
    by_initiative = {one.initiative_id: one for one in measured if one.initiative_id}
    initiatives = await queries.initiatives_of(session, plan.id)
    goals = await goals_of_plan(session, plan.id)
    guard_rails = await judged_guard_rails(session, plan.id, today)
    return closing_of(
        [_initiative_report(one, by_initiative.get(one.id), today) for one in initiatives],
        [_goal_report(goal) for goal in goals],
        _guard_rail_reports(guard_rails),
        today,
    )


def _watched_until(end: date | None, today: date) -> date:
    """The last day that tells of an effect, as far as it has come."""
    return today if end is None else min(today, last_look_on(end, Grain.WEEK))


def _is_over(initiative: Initiative, today: date) -> bool:
    done = initiative.state is InitiativeState.DONE
    return done and initiative.end is not None and initiative.end < today


def stands_measured(initiative: Initiative, measurement: Measurement) -> bool:
    """Whether the initiative's dates are those that were measured."""
    dates = (measurement.starts_on, measurement.ends_on)
    return dates == (initiative.start, initiative.end)


def _initiative_report(
    initiative: Initiative, measurement: Measurement | None, today: date
) -> InitiativeReport:
    stands = measurement if measurement and stands_measured(initiative, measurement) else None
    weeks_on = None if initiative.end is None else next_look_on(initiative.end, Grain.WEEK, today)
    return InitiativeReport(
        name=f"initiative {initiative.title!r} ({initiative.id})",
        unfinished=not _is_over(initiative, today),
        verdict=stands.verdict if stands else None,
        judged_on=stands.judged_on if stands else weeks_on,
        last_judged_on=stands.last_judged_on if stands else None,
    )


def _goal_report(goal: Goal) -> GoalReport:
    name = f"goal {goal.kpi} {goal.comparator.value} {goal.value:f} of {goal.service} ({goal.id})"
    reached, missed = goal.reached_at is not None, goal.missed_at is not None
    return GoalReport(name, reached, missed, goal.due_on)


def _guard_rail_reports(guard_rails: Sequence[JudgedGuardRail]) -> list[GuardRailReport]:
    return [
        GuardRailReport(
            name=f"guard-rail {one.row.kpi} of {one.row.service}",
            standing=one.standing,
            judged_on=one.measurement.judged_on if one.measurement else None,
            last_judged_on=one.measurement.last_judged_on if one.measurement else None,
        )
        for one in guard_rails
    ]


def _judged(row: GuardRail, measurement: Measurement | None) -> JudgedGuardRail:
    if measurement is None:
        return JudgedGuardRail(row, GuardRailStanding.NOT_MEASURED, None)
    worsening = (
        None
        if measurement.worse_at_least is None or measurement.worse_at_most is None
        else Worsening(measurement.worse_at_least, measurement.worse_at_most)
    )
    return JudgedGuardRail(row, standing_of(worsening, float(row.tolerance)), measurement)


def _guard_rail_facts(one: GuardRail) -> dict[str, Any]:
    return {"service": one.service, "kpi": one.kpi, "tolerance": f"{one.tolerance:f}"}
