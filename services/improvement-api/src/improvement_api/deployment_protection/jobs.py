"""Answering GitHub, for as long as it takes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from improvement_api.deployment_protection.actions import (
    ANSWER,
    Place,
    answer_from_evaluation,
    answer_from_standing,
    audit_facts,
    deployer_of,
)
from improvement_api.deployment_protection.github import AnswerRefused, tell_github
from improvement_api.deployment_protection.queries import find_request
from improvement_api.deployment_protection.rules import (
    MOST_REPORTS,
    OPEN,
    RequestState,
    has_lapsed,
)
from improvement_api.deployment_protection.tables import DeploymentRequest
from improvement_api.evaluations.asking import Asked, ask_for_gate
from improvement_api.providers import providers_for
from improvement_api.settings import Settings
from shared.errors import NotFound, Unavailable
from shared.kit.audit import record
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, RetryPolicy

FOR_DAYS = RetryPolicy(
    attempts=None, first_wait=timedelta(seconds=2), longest_wait=timedelta(minutes=15)
)


async def answer_deployment(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Find the answer of a deployment where it has none yet, and tell GitHub.

    The answer is kept before GitHub hears it: when the call fails, the call alone is repeated, for
    as long as the evaluation stands that gave it.
    """
    delivery = str(payload["delivery"])
    settings = context.settings
    assert isinstance(settings, Settings)
    async with transaction(context.engine) as session:
        place = await answer_from_standing(session, delivery, settings)
    if place is not None:
        await _evaluate(context, settings, delivery, place)
    async with transaction(context.engine) as session:
        request = await find_request(session, delivery)
    if request is None:
        return
    if request.state is RequestState.ANSWERING:
        await _answer(context, settings, request)
    elif request.state is RequestState.WAITING:
        await _report(context, settings, request)


async def _evaluate(context: JobContext, settings: Settings, delivery: str, place: Place) -> None:
    asked: Asked | None
    try:
        asked = await ask_for_gate(context.engine, providers_for(context, settings), *place)
    except NotFound:
        asked = None
    async with transaction(context.engine) as session:
        await answer_from_evaluation(session, delivery, (place, asked), settings)


async def _answer(context: JobContext, settings: Settings, request: DeploymentRequest) -> None:
    assert request.answer is not None, "an answering request has its answer"
    said = {
        "environment_name": request.environment,
        "state": request.answer.value,
        "comment": request.comment,
    }
    try:
        await tell_github(settings, request.installation_id, request.callback_url, said)
    except AnswerRefused as refusal:
        await _note(context, request.delivery, state=RequestState.REFUSED, failure=str(refusal))
    except Unavailable as failure:
        if has_lapsed(request.received_at, now()):
            gone = f"Nobody waits for it any more; last: {failure.detail}"
            await _note(context, request.delivery, state=RequestState.REFUSED, failure=gone)
            return
        await _note(context, request.delivery, failure=failure.detail)
        raise
    else:
        changes = {"state": RequestState.ANSWERED, "failure": None, "answered_at": now()}
        await _note(context, request.delivery, **changes)


async def _report(context: JobContext, settings: Settings, request: DeploymentRequest) -> None:
    """Say why there is no answer yet, once for each reason: GitHub shows it beside the run."""
    if request.comment == request.status_told or request.reports >= MOST_REPORTS:
        return
    said = {"environment_name": request.environment, "comment": request.comment}
    try:
        await tell_github(settings, request.installation_id, request.callback_url, said)
    except AnswerRefused as refusal:
        # It is no use to go on asking the gate for a run that is gone.
        gone = {"state": RequestState.LAPSED, "failure": str(refusal)}
        await _note(context, request.delivery, **gone)
    except Unavailable as failure:
        await _note(context, request.delivery, failure=failure.detail)
    else:
        told = {"status_told": request.comment, "reports": request.reports + 1, "failure": None}
        await _note(context, request.delivery, **told)


async def _note(context: JobContext, delivery: str, **changes: Any) -> None:
    """Change a request that is still open; that GitHub has the answer is audited."""
    async with transaction(context.engine) as session:
        request = await find_request(session, delivery, lock=True)
        if request is None or request.state not in OPEN:
            return
        for name, value in {**changes, "updated_at": now()}.items():
            setattr(request, name, value)
        if changes.get("state") is RequestState.ANSWERED:
            settings = context.settings
            assert isinstance(settings, Settings)
            who, subject = deployer_of(request, settings), ("deployment_request", delivery)
            await record(session, who, "answered", subject, None, audit_facts(request))


JOBS: tuple[Job, ...] = (Job(ANSWER, answer_deployment, retry=FOR_DAYS),)
