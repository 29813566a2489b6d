"""Triggers over HTTP."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from improvement_api.opportunities.queries import list_occurrences
from improvement_api.opportunities.rules import Handling
from improvement_api.opportunities.schemas import OccurrenceOut
from improvement_api.opportunities.shapes import occurrence_out
from improvement_api.providers import Remotes
from improvement_api.triggers import actions, queries
from improvement_api.triggers.definitions import TriggerBody
from improvement_api.triggers.rules import Trigger
from improvement_api.triggers.schemas import (
    CheckOut,
    SimulationAsked,
    SimulationOut,
    TriggerOut,
    WouldFire,
)
from improvement_api.triggers.simulation_actions import simulate
from improvement_api.triggers.tables import TriggerVersion
from shared.kit import clock
from shared.kit.auth import Principal, requires
from shared.kit.database import Session, reading
from shared.kit.etag import set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.jobs import enqueue
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/triggers", tags=["triggers"])

PlansRead = Annotated[Principal, requires("plans:read")]
PlansWrite = Annotated[Principal, requires("plans:write")]
TriggerKey = Annotated[Key, Path(description="key of a trigger", examples=["target-missed"])]
_UNPUBLISHED = 0


@router.get("", operation_id="list_triggers")
async def list_triggers(caller: PlansRead, session: Session, page: PageQuery) -> Page[TriggerOut]:
    """The triggers in force, by key."""
    rows = await queries.list_triggers(session, page)
    shown = page_of(rows, page, key=lambda row: (row.key,))
    items = [_out(row) for row in shown["items"]]
    return Page[TriggerOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/{key}", operation_id="get_trigger", responses={**tells_etag(), **problem_responses(404)}
)
async def get_trigger(
    key: TriggerKey, caller: PlansRead, session: Session, response: Response
) -> TriggerOut:
    """The version of a trigger that is in force."""
    row = await queries.current_version(session, key)
    set_etag(response, row.version)
    return _out(row)


@router.post(
    "/{key}/versions",
    status_code=201,
    operation_id="publish_trigger_version",
    responses=problem_responses(409),
)
async def publish_trigger_version(
    key: TriggerKey,
    body: TriggerBody,
    caller: PlansWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> TriggerOut:
    """Publish the next version of a trigger, or the first of a new one: in force from now on.

    To disable a trigger publish it with `enabled` false. What it has opened stays.
    """
    row = await actions.publish_trigger(session, key, body, caller)
    response.headers["Location"] = f"/v1/triggers/{key}"
    set_etag(response, row.version)
    return _out(row)


@router.get(
    "/{key}/versions", operation_id="list_trigger_versions", responses=problem_responses(404)
)
async def list_trigger_versions(
    key: TriggerKey, caller: PlansRead, session: Session, page: PageQuery
) -> Page[TriggerOut]:
    """Every version of a trigger, newest first."""
    await queries.current_version(session, key)
    rows = await queries.list_versions(session, key, page)
    shown = page_of(rows, page, key=lambda row: (row.version,))
    items = [_out(row) for row in shown["items"]]
    return Page[TriggerOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/{key}/occurrences", operation_id="list_trigger_occurrences", responses=problem_responses(404)
)
async def list_trigger_occurrences(
    key: TriggerKey,
    caller: PlansRead,
    session: Session,
    page: PageQuery,
    service: Key | None = None,
    handling: Annotated[Handling | None, Query(description="handled so")] = None,
) -> Page[OccurrenceOut]:
    """When it fired, newest first: by which figures, and what that opened or why it did not."""
    await queries.current_version(session, key)
    rows = await list_occurrences(session, page, trigger=key, service=service, handling=handling)
    shown = page_of(rows, page, key=lambda row: (row.recorded_at, row.id))
    items = [occurrence_out(row) for row in shown["items"]]
    return Page[OccurrenceOut](items=items, next_cursor=shown["next_cursor"])


@router.post(
    "/{key}/checks",
    status_code=202,
    operation_id="check_trigger",
    responses=problem_responses(404, 409),
)
async def check_trigger(key: TriggerKey, caller: PlansWrite, session: Session) -> CheckOut:
    """Ask metrics-api now for the figures of a line, instead of within the hour.

    Repeating it is harmless: a period makes a cause occur once.
    """
    trigger = queries.trigger_of(await queries.current_version(session, key))
    actions.may_check(trigger)
    payload = {"trigger": trigger.key}
    await enqueue(
        session,
        actions.CHECK_LINES,
        payload,
        queueing_lock=f"{actions.CHECK_LINES}:{trigger.key}",
    )
    return CheckOut(trigger=trigger.key, queued=True)


@router.post(
    "/{key}/simulations", operation_id="simulate_trigger", responses=problem_responses(404, 503)
)
async def simulate_trigger(
    key: TriggerKey,
    body: SimulationAsked,
    caller: PlansRead,
    request: Request,
    remotes: Remotes,
) -> SimulationOut:
    """What the trigger, or another definition of it, would have done in the last days.

    Over the stored signals; over metrics-api's figures for a line. Nothing is opened.
    """
    engine = request.app.state.engine
    if body.definition is None:
        async with reading(engine) as session:
            trigger = queries.trigger_of(await queries.current_version(session, key))
    else:
        trigger = Trigger(key, _UNPUBLISHED, body.definition)
    found = await simulate(engine, remotes.metrics, trigger, body.days, clock.now())
    return SimulationOut(
        since=found.since,
        looked_at=found.looked_at,
        fired=found.fired,
        causes=len(found.keys),
        complete=found.complete,
        items=[
            WouldFire(
                service=cause.service,
                subject=cause.subject,
                identity=cause.identity,
                until=cause.until,
                title=cause.title,
                figures=list(cause.figures),
                first_of_cause=first,
            )
            for cause, first in found.shown
        ],
    )


def _out(row: TriggerVersion) -> TriggerOut:
    trigger = queries.trigger_of(row)
    return TriggerOut.model_validate(
        {
            "key": row.key,
            "version": row.version,
            **dict(trigger.body),
            "published_at": row.published_at,
            "published_by": row.published_by,
        }
    )
