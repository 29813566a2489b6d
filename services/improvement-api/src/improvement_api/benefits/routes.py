"""Effects, measurements and guard-rails over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from improvement_api.benefits import actions, queries
from improvement_api.benefits.actions import JudgedGuardRail, Taken
from improvement_api.benefits.asking import Subject
from improvement_api.benefits.schemas import (
    ClosingOut,
    EffectResult,
    EstimateOut,
    GuardRailOut,
    GuardRailsOut,
    GuardRailsPut,
    Measure,
    MeasurementInputs,
    MeasurementOut,
    MeasurementsOut,
)
from improvement_api.benefits.tables import Measurement
from improvement_api.plans.queries import get_initiative, get_plan
from improvement_api.providers import Providers, Remotes
from shared.errors import ApiError, NotFound, Unavailable
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.page_form import HTML_TOO, AsPage, page_reply
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1", tags=["benefits"])

PlansRead = Annotated[Principal, requires("plans:read")]
PlansWrite = Annotated[Principal, requires("plans:write")]


# Dependencies, so that metrics-api has answered before the first word to the database.
async def _measured_initiative(
    initiative_id: UUID, request: Request, providers: Remotes, body: Measure | None = None
) -> Taken:
    engine = request.app.state.engine
    subject = await actions.subject_of_initiative(engine, initiative_id, now().date())
    return await _taken(providers, subject, body or Measure())


async def _measured_guard_rails(plan_id: UUID, request: Request, providers: Remotes) -> list[Taken]:
    engine = request.app.state.engine
    subjects = await actions.subjects_of_guard_rails(engine, plan_id, now().date())
    return [await _taken(providers, subject, Measure()) for subject in subjects]


async def _taken(providers: Providers, subject: Subject, wanted: Measure) -> Taken:
    try:
        return await actions.take_measurement(providers.metrics, subject, wanted)
    except ApiError as failure:
        raise Unavailable(failure.detail, headers={"Retry-After": "5"}) from failure


@router.post(
    "/initiatives/{initiative_id}/measurements",
    status_code=201,
    operation_id="measure_initiative",
    responses={200: {"model": MeasurementOut}, **problem_responses(404, 409, 503)},
)
async def measure_initiative(
    initiative_id: UUID,
    caller: PlansWrite,
    taken: Annotated[Taken, Depends(_measured_initiative)],
    session: Session,
    response: Response,
) -> MeasurementOut:
    """Measure the effect on the KPI now, by interrupted time series.

    Judged 12, 26 and 52 weeks (6, 9 and 12 months) after the end, on the periods up to then; in
    between nothing is new. From the same figures comes the same measurement: 200 where it is
    there. One with a `grain` or `mix_by` of one's choice is exploratory and decides nothing.
    """
    measurement, new = await actions.keep(session, taken, caller)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/v1/measurements/{measurement.id}"
    return measurement_out(measurement)


@router.get(
    "/initiatives/{initiative_id}/measurements",
    operation_id="list_measurements",
    responses=problem_responses(404),
)
async def list_measurements(
    initiative_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[MeasurementOut]:
    """Measurements of an initiative, newest first; none ever changes."""
    initiative = await get_initiative(session, initiative_id)
    rows = await queries.list_measurements(session, initiative.id, page)
    shown = page_of(rows, page, key=lambda row: (row.measured_at, row.id))
    items = [measurement_out(row) for row in shown["items"]]
    return Page[MeasurementOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/measurements/{measurement_id}",
    operation_id="get_measurement",
    responses=problem_responses(404),
)
async def get_measurement(
    measurement_id: UUID, caller: PlansRead, session: Session
) -> MeasurementOut:
    """One measurement with its inputs."""
    return measurement_out(await queries.get_measurement(session, measurement_id))


@router.get(
    "/initiatives/{initiative_id}/effect",
    operation_id="get_effect",
    response_model=MeasurementOut,
    responses={200: HTML_TOO, **problem_responses(404)},
)
async def get_effect(
    initiative_id: UUID,
    caller: PlansRead,
    session: Session,
    wants_page: AsPage,
) -> Any:
    """The effect of an initiative by its newest measurement; 404 until it is measured as it stands.

    Exploratory measurements are left out. As HTML: a page with a chart of the series, the
    intervention, and what was to be expected without it.
    """
    initiative = await get_initiative(session, initiative_id)
    newest = await queries.latest_of_initiative(session, initiative.id)
    if newest is None or not actions.stands_measured(initiative, newest):
        raise NotFound("The initiative was not measured as it stands", code="not_measured")
    shown = measurement_out(newest)
    if not wants_page:
        return shown
    from improvement_api.benefits.page import as_page  # noqa: PLC0415 - see shared.kit.pages

    body = await run_in_threadpool(as_page, shown, initiative.title)
    return page_reply(body)


@router.put(
    "/plans/{plan_id}/guard-rails",
    operation_id="set_guard_rails",
    responses=problem_responses(404, 409, 412, 428),
)
async def set_guard_rails(
    plan_id: UUID,
    body: GuardRailsPut,
    caller: PlansWrite,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> GuardRailsOut:
    """Replace the KPIs that a plan must not make worse, with how much worse they may become.

    The ETag is the plan's. 409 once the plan is in review: by then its effects can be seen.
    """
    plan = await actions.set_guard_rails(session, plan_id, body, expected, caller)
    set_etag(response, plan.version)
    return await _guard_rails_out(session, plan.id)


@router.get(
    "/plans/{plan_id}/guard-rails",
    operation_id="list_guard_rails",
    responses=problem_responses(404),
)
async def list_guard_rails(
    plan_id: UUID, caller: PlansRead, session: Session, response: Response
) -> GuardRailsOut:
    """The guard-rails of a plan (at most 20), and whether they hold by the newest measurement."""
    plan = await get_plan(session, plan_id)
    set_etag(response, plan.version)
    return await _guard_rails_out(session, plan.id)


@router.post(
    "/plans/{plan_id}/guard-rails/measurements",
    status_code=201,
    operation_id="measure_guard_rails",
    responses=problem_responses(404, 409, 503),
)
async def measure_guard_rails(
    plan_id: UUID,
    caller: PlansWrite,
    taken: Annotated[list[Taken], Depends(_measured_guard_rails)],
    session: Session,
) -> MeasurementsOut:
    """Measure all guard-rails of a plan now, once all its initiatives are over."""
    kept = [await actions.keep(session, one, caller) for one in taken]
    return MeasurementsOut(items=[measurement_out(row) for row, _ in kept])


@router.get(
    "/plans/{plan_id}/closing", operation_id="get_closing", responses=problem_responses(404)
)
async def get_closing(plan_id: UUID, caller: PlansRead, session: Session) -> ClosingOut:
    """How the plan ended, or would if it were closed now, or what that still takes until when."""
    plan = await get_plan(session, plan_id)
    if plan.outcome is not None:
        return ClosingOut(outcome=plan.outcome, reasons=plan.outcome_reasons or [], missing=[])
    return ClosingOut.model_validate(await actions.closing_of_plan(session, plan, now()))


async def _guard_rails_out(session: Session, plan_id: UUID) -> GuardRailsOut:
    found = await actions.judged_guard_rails(session, plan_id, now().date())
    return GuardRailsOut(items=[_guard_rail_out(one) for one in found])


def _guard_rail_out(one: JudgedGuardRail) -> GuardRailOut:
    measurement = one.measurement
    judged = None if measurement is None else measurement.result["judged"]
    return GuardRailOut(
        id=str(one.row.id),
        service=one.row.service,
        kpi=KpiId(one.row.kpi),
        tolerance=f"{one.row.tolerance:f}",
        standing=one.standing,
        change=None if judged is None else EstimateOut(**judged),
        judged_on=measurement and measurement.judged_on,
        measurement=measurement and str(measurement.id),
        measured_at=measurement and measurement.measured_at,
    )


def measurement_out(row: Measurement) -> MeasurementOut:
    return MeasurementOut(
        id=str(row.id),
        initiative=None if row.initiative_id is None else str(row.initiative_id),
        plan=str(row.plan_id),
        service=row.service,
        kpi=KpiId(row.kpi),
        verdict=row.verdict,
        grain=row.grain,
        look=row.look,
        judged_on=row.judged_on,
        last_judged_on=row.last_judged_on,
        start=row.starts_on,
        end=row.ends_on,
        exploratory=row.exploratory,
        result=EffectResult.model_validate(row.result),
        inputs=MeasurementInputs.model_validate(row.inputs),
        inputs_hash=row.inputs_hash,
        method=row.method,
        as_of=row.as_of,
        measured_at=row.measured_at,
        measured_by=row.measured_by,
    )
