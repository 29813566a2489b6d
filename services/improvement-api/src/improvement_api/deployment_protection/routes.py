"""Deployment protection over HTTP: GitHub's webhook, its rules, and what became of requests."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Header, Path, Query, Request, Response

from improvement_api.deployment_protection.actions import (
    change_rule,
    create_rule,
    remove_rule,
    take_request,
)
from improvement_api.deployment_protection.github import missing_settings
from improvement_api.deployment_protection.queries import (
    RequestFilter,
    RuleFilter,
    get_request,
    get_rule,
    list_requests,
    list_rules,
)
from improvement_api.deployment_protection.rules import RequestState, is_signed
from improvement_api.deployment_protection.schemas import (
    WEBHOOK_BODY,
    DeploymentRequestOut,
    DeploymentRuleCreate,
    DeploymentRuleOut,
    DeploymentRulePatch,
    Environment,
    ProtectionRequested,
    Repository,
    WebhookReply,
)
from improvement_api.deployment_protection.tables import DeploymentRequest, DeploymentRule
from improvement_api.providers import Remotes, check_service
from improvement_api.settings import Settings
from shared.errors import BadRequest, Conflict, Forbidden
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.received_events import checked
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/deployment-protection", tags=["deployment protection"])

GatesRead = Annotated[Principal, requires("gates:read")]
GatesWrite = Annotated[Principal, requires("gates:write")]
DELIVERY = r"^[A-Za-z0-9-]{1,64}$"
ASKED = ("deployment_protection_rule", "requested")


@router.post(
    "/github",
    status_code=202,
    operation_id="receive_github_webhook",
    responses=problem_responses(400, 403, 409, 413),
    openapi_extra=WEBHOOK_BODY,
)
async def receive_github_webhook(
    request: Request,
    response: Response,
    session: Session,
    event: Annotated[str, Header(alias="X-GitHub-Event", max_length=100)],
    delivery: Annotated[str, Header(alias="X-GitHub-Delivery", pattern=DELIVERY)],
    signature: Annotated[str, Header(alias="X-Hub-Signature-256")] = "",
) -> WebhookReply:
    """Keep GitHub's question whether it may deploy; a job answers it by the gate's verdict.

    Signed by the webhook's secret, or the one before it. Repeats of a delivery are harmless.
    """
    settings: Settings = request.app.state.settings
    body = await request.body()
    _check_signature(settings, body, signature)
    sent = _parsed(body)
    if (event, sent.get("action")) != ASKED:
        return WebhookReply(taken=False, reason=f"The event {event} is nobody's business here")
    asked = checked(ProtectionRequested, sent, "")
    response.headers["Location"] = f"{router.prefix}/requests/{delivery}"
    if await take_request(session, delivery, asked, settings):
        return WebhookReply(taken=True, reason="It will be answered")
    return WebhookReply(taken=False, reason="This delivery was taken before")


def _check_signature(settings: Settings, body: bytes, signature: str) -> None:
    missing = missing_settings(settings)
    if missing:
        raise Conflict(
            f"This service does not protect deployments: set {', '.join(missing)}",
            code="github_not_configured",
            missing=missing,
        )
    secrets = (settings.github_webhook_secret, settings.github_webhook_secret_before)
    known = [secret.get_secret_value() for secret in secrets if secret is not None]
    if not is_signed(body, signature, known):
        raise Forbidden("X-Hub-Signature-256 is missing or wrong", code="bad_signature")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise BadRequest(
            "The body is no JSON object: let GitHub send application/json", code="unparsable"
        )
    return sent


@router.post(
    "/rules",
    status_code=201,
    operation_id="create_deployment_rule",
    responses=problem_responses(409),
)
async def create(
    body: DeploymentRuleCreate,
    caller: GatesWrite,
    remotes: Remotes,
    session: Session,
    response: Response,
    _: Idempotent,
) -> DeploymentRuleOut:
    """Let deployments to an environment of a repository need a service's verdict at a gate."""
    await check_service(remotes, body.service, "/service")
    rule = await create_rule(session, body, caller)
    response.headers["Location"] = f"{router.prefix}/rules/{rule.id}"
    return _rule_out(rule, response)


@router.get("/rules", operation_id="list_deployment_rules")
async def list_all(
    caller: GatesRead,
    session: Session,
    page: PageQuery,
    repository: Annotated[Repository | None, Query()] = None,
    service: Annotated[Key | None, Query()] = None,
) -> Page[DeploymentRuleOut]:
    """Rules by repository and environment."""
    rows = await list_rules(session, RuleFilter(repository, service), page)
    shown = page_of(rows, page, key=lambda row: (row.repository, row.environment))
    items = [_rule_out(row) for row in shown["items"]]
    return Page[DeploymentRuleOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/rules/{rule_id}", operation_id="get_deployment_rule", responses=problem_responses(404)
)
async def get_one(
    rule_id: UUID, caller: GatesRead, session: Session, response: Response
) -> DeploymentRuleOut:
    """One rule."""
    return _rule_out(await get_rule(session, rule_id), response)


@router.patch(
    "/rules/{rule_id}",
    operation_id="change_deployment_rule",
    responses=problem_responses(404, 412, 428),
)
async def change(
    rule_id: UUID,
    body: DeploymentRulePatch,
    caller: GatesWrite,
    expected: IfMatch,
    remotes: Remotes,
    session: Session,
    response: Response,
) -> DeploymentRuleOut:
    """Change what an environment stands for; its deployments that wait are looked at again."""
    if "service" in body.model_fields_set:
        await check_service(remotes, body.service, "/service")
    return _rule_out(await change_rule(session, rule_id, body, expected, caller), response)


@router.delete(
    "/rules/{rule_id}",
    status_code=204,
    operation_id="delete_deployment_rule",
    responses=problem_responses(404, 412, 428),
)
async def delete(rule_id: UUID, caller: GatesWrite, expected: IfMatch, session: Session) -> None:
    """Answer the environment's deployments no more: GitHub lets them wait, at most 30 days."""
    await remove_rule(session, rule_id, expected, caller)


@router.get("/requests", operation_id="list_deployment_requests")
async def list_of_requests(
    caller: GatesRead,
    session: Session,
    page: PageQuery,
    state: Annotated[RequestState | None, Query(description="in this state only")] = None,
    repository: Annotated[Repository | None, Query()] = None,
    environment: Annotated[Environment | None, Query()] = None,
    service: Annotated[Key | None, Query(description="guarded by this one")] = None,
) -> Page[DeploymentRequestOut]:
    """Deployments that asked, newest first, with their answers."""
    wanted = RequestFilter(state, repository, environment, service)
    rows = await list_requests(session, wanted, page)
    shown = page_of(rows, page, key=lambda row: (row.received_at, row.delivery))
    items = [_request_out(row) for row in shown["items"]]
    return Page[DeploymentRequestOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/requests/{delivery}",
    operation_id="get_deployment_request",
    responses=problem_responses(404),
)
async def get_one_request(
    delivery: Annotated[str, Path(pattern=DELIVERY)], caller: GatesRead, session: Session
) -> DeploymentRequestOut:
    """One deployment that asked, by the id of GitHub's delivery."""
    return _request_out(await get_request(session, delivery))


def _rule_out(rule: DeploymentRule, response: Response | None = None) -> DeploymentRuleOut:
    if response is not None:
        set_etag(response, rule.version)
    names = DeploymentRuleOut.model_fields.keys() - {"id"}
    return DeploymentRuleOut(id=str(rule.id), **{name: getattr(rule, name) for name in names})


def _request_out(row: DeploymentRequest) -> DeploymentRequestOut:
    names = DeploymentRequestOut.model_fields.keys() - {"evaluation"}
    evaluation = None if row.evaluation_id is None else str(row.evaluation_id)
    return DeploymentRequestOut(
        evaluation=evaluation, **{name: getattr(row, name) for name in names}
    )
