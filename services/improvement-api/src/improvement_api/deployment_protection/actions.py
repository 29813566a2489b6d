"""Keeping rules, taking GitHub's questions, and finding their answer."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from improvement_api.deployment_protection.queries import (
    delete_rule,
    find_request,
    find_rule,
    get_rule,
    insert_rule,
    keep_request,
    waiting_for,
)
from improvement_api.deployment_protection.rules import (
    OPEN,
    Answer,
    RequestState,
    Shown,
    answer_of,
    comment_of,
    has_lapsed,
    is_callback,
    pause_after,
    waits_for_signatures,
)
from improvement_api.deployment_protection.schemas import (
    DeploymentRuleCreate,
    DeploymentRulePatch,
    ProtectionRequested,
)
from improvement_api.deployment_protection.tables import DeploymentRequest, DeploymentRule
from improvement_api.evaluations.actions import evaluate_gate
from improvement_api.evaluations.asking import Asked
from improvement_api.evaluations.queries import ReadEvaluation, read_evaluation, standing_at
from improvement_api.settings import Settings
from shared.errors import Conflict, Invalid
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.jobs import Waiting, enqueue_all
from shared.kit.patches import named
from shared.schemas.improvement import Gate, Standing, Verdict

ANSWER = "answer_deployment"
RESOURCE = "deployment_rule"
NO_RULE = "No rule says which service and gate this environment stands for"
Place = tuple[str, Gate]
"""A service at a gate."""


async def create_rule(
    session: Session, body: DeploymentRuleCreate, caller: Principal
) -> DeploymentRule:
    """A new rule; deployments that wait for it are looked at now. 409 where there is one."""
    at = now()
    values = {
        "id": uuid4(),
        **body.model_dump(),
        "version": 1,
        "created_at": at,
        "created_by": caller.person,
        "updated_at": at,
    }
    rule = await insert_rule(session, values)
    if rule is None:
        raise Conflict(
            f"{body.repository} has a rule for the environment {body.environment}: change that",
            code="rule_exists",
            pointer="/environment",
        )
    await record(session, caller, "created", (RESOURCE, str(rule.id)), None, body.model_dump())
    await _look_again(session, rule)
    return rule


async def change_rule(
    session: Session, rule_id: UUID, patch: DeploymentRulePatch, expected: int, caller: Principal
) -> DeploymentRule:
    """Change a rule; deployments that wait for an answer get it by the new one."""
    rule = await get_rule(session, rule_id, lock=True)
    check_version(expected, rule.version)
    after = {k: v for k, v in named(patch).items() if getattr(rule, k) != v}
    if not after:
        return rule
    before = {name: getattr(rule, name) for name in after}
    for name, value in after.items():
        setattr(rule, name, value)
    rule.version += 1
    rule.updated_at = now()
    await record(session, caller, "changed", (RESOURCE, str(rule_id)), before, after)
    await _look_again(session, rule)
    return rule


async def remove_rule(session: Session, rule_id: UUID, expected: int, caller: Principal) -> None:
    """Answer the environment's deployments no more; those that wait go on waiting."""
    rule = await get_rule(session, rule_id, lock=True)
    check_version(expected, rule.version)
    names = ("repository", "environment", "service", "gate", "allow_warning")
    before = {name: getattr(rule, name) for name in names}
    await delete_rule(session, rule)
    await record(session, caller, "deleted", (RESOURCE, str(rule_id)), before, None)


async def _look_again(session: Session, rule: DeploymentRule) -> None:
    waiting = await waiting_for(session, rule.repository, rule.environment)
    await enqueue_all(session, [_look(delivery) for delivery in waiting])


def _look(delivery: str, at: datetime | None = None) -> Waiting:
    lock = f"deployment:{delivery}"
    return Waiting(ANSWER, {"delivery": delivery}, lock, queueing_lock=lock, run_at=at)


async def take_request(
    session: Session, delivery: str, asked: ProtectionRequested, settings: Settings
) -> bool:
    """Store a question and have it answered; False when it was taken before."""
    repository = asked.repository.full_name
    if not is_callback(asked.deployment_callback_url, settings.github_api_url, repository):
        raise Invalid(
            f"It is no URL of {settings.github_api_url} for answering a run of {repository}",
            code="bad_callback_url",
            pointer="/deployment_callback_url",
        )
    at = now()
    values = {
        "delivery": delivery,
        "repository": repository,
        "environment": asked.environment,
        "ref": asked.deployment.ref if asked.deployment else None,
        "sha": asked.deployment.sha if asked.deployment else None,
        "creator": asked.creator,
        "installation_id": asked.installation.id,
        "callback_url": asked.deployment_callback_url,
        "state": RequestState.WAITING,
        "comment": "",
        "attempts": 0,
        "reports": 0,
        "received_at": at,
        "updated_at": at,
    }
    if not await keep_request(session, values):
        return False
    await enqueue_all(session, [_look(delivery)])
    return True


async def answer_from_standing(session: Session, delivery: str, settings: Settings) -> Place | None:
    """Answer by what stands since the question came; else what to evaluate anew.

    The first look always makes an evaluation, and so does every look while facts are missing.
    While only signatures are, none is made: it would take the place of the one being signed.
    """
    request = await find_request(session, delivery, lock=True)
    if request is None or request.state not in OPEN:
        return None
    if request.state is RequestState.ANSWERING:
        if await _still_stands(session, request):
            return None
        request.state, request.answer = RequestState.WAITING, None
    rule = await find_rule(session, request.repository, request.environment)
    if rule is None:
        await _wait(session, request, comment_of(NO_RULE, [], None))
        return None
    read = (await standing_at(session, rule.service, [rule.gate], now())).get(rule.gate)
    if read is None or not _is_of(read, request):
        return rule.service, rule.gate
    answer = answer_of(read.assessment.verdict, allow_warning=rule.allow_warning)
    if answer is None and not waits_for_signatures(_shown(read)):
        return rule.service, rule.gate
    await _settle(session, request, rule, read, settings)
    return None


async def _still_stands(session: Session, request: DeploymentRequest) -> bool:
    """Whether GitHub may be told the answer that was found: it may have been away for days."""
    assert request.evaluation_id is not None, "an answer is that of an evaluation"
    return _is_of(await read_evaluation(session, request.evaluation_id, now()), request)


def _is_of(read: ReadEvaluation, request: DeploymentRequest) -> bool:
    """Whether the evaluation is from after the question, and good for something."""
    good = {Standing.OPEN, Standing.SIGNED, Standing.DECIDED}
    return read.standing in good and read.row.evaluated_at >= request.received_at


async def answer_from_evaluation(
    session: Session, delivery: str, asked: tuple[Place, Asked | None], settings: Settings
) -> None:
    """Evaluate the gate as for any other machine, and answer by the evaluation that stands.

    `asked` is what was asked about and what came of it; None: the catalog knows no such service.
    """
    request = await find_request(session, delivery, lock=True)
    if request is None or request.state is not RequestState.WAITING:
        return
    place, answered = asked
    rule = await find_rule(session, request.repository, request.environment)
    if rule is None or (rule.service, rule.gate) != place:
        await _wait(session, request, comment_of(NO_RULE, [], None))
    elif answered is None:
        await _wait(session, request, comment_of(f"There is no service {rule.service}", [], None))
    else:
        caller = deployer_of(request, settings)
        read, _ = await evaluate_gate(
            session, rule.service, answered.definition, answered.replies, caller
        )
        await _settle(session, request, rule, read, settings)


def deployer_of(request: DeploymentRequest, settings: Settings) -> Principal:
    """Who acts in a job: we do, for whoever deploys. GitHub's people are no subjects of ours."""
    return Principal(
        subject=settings.service_name,
        kind="service",
        scopes=frozenset(),
        on_behalf_of=f"github:{request.creator}",
    )


async def _settle(
    session: Session,
    request: DeploymentRequest,
    rule: DeploymentRule,
    read: ReadEvaluation,
    settings: Settings,
) -> None:
    """Note the answer by an evaluation, or that there is none yet."""
    verdict, criteria = read.assessment.verdict, _shown(read)
    answer = answer_of(verdict, allow_warning=rule.allow_warning)
    request.service, request.gate = rule.service, rule.gate
    request.evaluation_id = read.row.id
    headline, link = f"Tollgate {rule.gate} for {rule.service}: {verdict}", _link(settings, read)
    if answer is None:
        waiting = comment_of(f"{headline}, the deployment waits", criteria, link)
        await _wait(session, request, waiting)
        return
    if answer is Answer.REJECTED and verdict is Verdict.WARNING:
        headline += " (this environment's rule does not allow warnings)"
    request.state, request.answer = RequestState.ANSWERING, answer
    request.comment = comment_of(headline, criteria, link)
    request.attempts += 1
    request.updated_at = now()


async def _wait(session: Session, request: DeploymentRequest, comment: str) -> None:
    """Look again later, ever more rarely; after 30 days GitHub has ended the deployment itself."""
    at = now()
    request.attempts += 1
    request.comment = comment
    request.updated_at = at
    if has_lapsed(request.received_at, at):
        request.state = RequestState.LAPSED
    else:
        await enqueue_all(session, [_look(request.delivery, at + pause_after(request.attempts))])


def _shown(read: ReadEvaluation) -> list[Shown]:
    results = read.assessment.results
    return [
        Shown(one.title, one.kind, one.required, results[one.id].outcome, results[one.id].reason)
        for one in read.definition.criteria
    ]


def _link(settings: Settings, read: ReadEvaluation) -> str | None:
    if settings.public_url is None:
        return None
    return f"{settings.public_url.rstrip('/')}/v1/evaluations/{read.row.id}"


def audit_facts(request: DeploymentRequest) -> dict[str, Any]:
    names = ("repository", "environment", "service", "gate", "answer", "evaluation_id")
    return {name: getattr(request, name) for name in names}
