"""Alert policies and alerts over HTTP."""

from typing import Annotated, Any

from fastapi import Query, Response

from metrics_api.slis.schemas import ObjectKey
from metrics_api.slo_alerts import actions, queries
from metrics_api.slo_alerts.queries import AlertFilter
from metrics_api.slo_alerts.rules import AlertState
from metrics_api.slo_alerts.schemas import (
    AlertPolicyCreate,
    AlertPolicyOut,
    AlertPolicyPatch,
    DefaultPolicies,
    SloAlertOut,
)
from metrics_api.slos.queries import get_slo
from metrics_api.versioned.actions import versions_page
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, Storable

router = Router(prefix="/v1", tags=["slo alerts"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
SlosWrite = Annotated[Principal, requires("slos:write")]


@router.post(
    "/slos/{key}/alert-policies",
    status_code=201,
    operation_id="create_alert_policy",
    responses=problem_responses(404, 409),
)
async def create_alert_policy(
    key: ObjectKey,
    body: AlertPolicyCreate,
    session: Session,
    caller: SlosWrite,
    response: Response,
    _: Idempotent,
) -> AlertPolicyOut:
    """Alert when the budget burns too fast. One that could never fire is refused."""
    policy = await actions.create_policy(session, caller, key, body)
    response.headers["Location"] = f"/v1/slos/{key}/alert-policies/{policy.key}"
    return _tagged(policy, response)


@router.post(
    "/slos/{key}/default-alert-policies",
    status_code=201,
    operation_id="create_default_alert_policies",
    responses=problem_responses(404, 409),
)
async def create_default_alert_policies(
    key: ObjectKey, session: Session, caller: SlosWrite, _: Idempotent
) -> DefaultPolicies:
    """The multi-window policies of the SRE workbook, scaled to the SLO's window.

    At 30 days 2 % of the budget in an hour and 5 % in six hours page, 10 % in three days are a
    ticket. Doing it again adds only what is missing.
    """
    return await actions.create_defaults(session, caller, key)


@router.get(
    "/slos/{key}/alert-policies",
    operation_id="list_alert_policies",
    response_model=Page[AlertPolicyOut],
    responses=problem_responses(404),
)
async def list_alert_policies(
    key: ObjectKey, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Policies of an SLO by key, the retired ones, too."""
    await get_slo(session, key)
    rows = await queries.list_policies(session, key, page)
    return page_of(rows, page, lambda row: (row.key,))


@router.get(
    "/slos/{key}/alert-policies/{policy}",
    operation_id="get_alert_policy",
    responses=problem_responses(404),
)
async def get_alert_policy(
    key: ObjectKey, policy: ObjectKey, session: Session, caller: MetricsRead, response: Response
) -> AlertPolicyOut:
    """A policy as it is now."""
    return _tagged(await queries.get_policy(session, key, policy), response)


@router.get(
    "/slos/{key}/alert-policies/{policy}/versions",
    operation_id="list_alert_policy_versions",
    response_model=Page[AlertPolicyOut],
    responses=problem_responses(404),
)
async def list_alert_policy_versions(
    key: ObjectKey, policy: ObjectKey, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Every version of a policy, newest first."""
    found = await queries.get_policy(session, key, policy)
    return await versions_page(session, queries.POLICIES, found.id, page)


@router.patch(
    "/slos/{key}/alert-policies/{policy}",
    operation_id="change_alert_policy",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_alert_policy(
    key: ObjectKey,
    policy: ObjectKey,
    body: AlertPolicyPatch,
    session: Session,
    caller: SlosWrite,
    expected: IfMatch,
    response: Response,
) -> AlertPolicyOut:
    """Change the fields that are named; the next evaluation goes by them."""
    changed = await actions.change_policy(session, caller, (key, policy), body, expected)
    return _tagged(changed, response)


@router.delete(
    "/slos/{key}/alert-policies/{policy}",
    operation_id="retire_alert_policy",
    responses=problem_responses(404, 412, 428),
)
async def retire_alert_policy(
    key: ObjectKey,
    policy: ObjectKey,
    session: Session,
    caller: SlosWrite,
    expected: IfMatch,
    response: Response,
) -> AlertPolicyOut:
    """Retire a policy: what it fires now is resolved, and it fires no more."""
    retired = await actions.retire_policy(session, caller, (key, policy), expected)
    return _tagged(retired, response)


@router.get("/slo-alerts", operation_id="list_slo_alerts", response_model=Page[SloAlertOut])
async def list_slo_alerts(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    slo: ObjectKey | None = None,
    severity: Annotated[str | None, Storable, Query(max_length=63)] = None,
    state: AlertState | None = None,
) -> Any:
    """Alerts, the latest first; resolved ones stay."""
    wanted = AlertFilter(service, slo, severity, state)
    rows = await queries.list_alerts(session, wanted, page)
    return page_of(rows, page, lambda row: (row.since, row.id))


def _tagged(policy: Any, response: Response) -> AlertPolicyOut:
    set_etag(response, policy.version)
    return AlertPolicyOut.model_validate(policy)
