"""Vital activities and their support over HTTP."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from catalog_api.registry.queries import require_service
from catalog_api.vital_activities import actions, queries, rules
from catalog_api.vital_activities.queries import VitalActivityFilters
from catalog_api.vital_activities.rules import Strength
from catalog_api.vital_activities.schemas import (
    SupportedActivityOut,
    SupportOut,
    SupportWanted,
    VitalActivityCreate,
    VitalActivityOut,
    VitalActivityPatch,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import Criticality
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["vital activities"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def vital_activity_filters(
    customer: Key | None = None,
    service: Annotated[Key | None, Query(description="supported by this service")] = None,
    criticality: Criticality | None = None,
    active: bool | None = None,
) -> VitalActivityFilters:
    return VitalActivityFilters(customer, service, criticality, active)


Filters = Annotated[VitalActivityFilters, Depends(vital_activity_filters)]


@router.post(
    "/vital-activities",
    status_code=201,
    operation_id="create_vital_activity",
    response_model=VitalActivityOut,
    responses=problem_responses(409),
)
async def create_vital_activity(
    body: VitalActivityCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record what a customer must be able to do."""
    activity = await actions.create_vital_activity(session, caller, body)
    response.headers["Location"] = f"/v1/vital-activities/{activity.key}"
    return _tagged(activity, response)


@router.get(
    "/vital-activities",
    operation_id="list_vital_activities",
    response_model=Page[VitalActivityOut],
)
async def list_vital_activities(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Vital activities by key."""
    return _by_key(await queries.list_vital_activities(session, filters, page), page)


@router.get(
    "/vital-activities/{key}",
    operation_id="get_vital_activity",
    response_model=VitalActivityOut,
    responses=problem_responses(404),
)
async def get_vital_activity(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """A vital activity with its business impact and criticality."""
    return _tagged(await queries.get_vital_activity(session, key), response)


@router.patch(
    "/vital-activities/{key}",
    operation_id="change_vital_activity",
    response_model=VitalActivityOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_vital_activity(
    key: Key,
    body: VitalActivityPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named."""
    changed = await actions.change_vital_activity(session, caller, key, body, expected)
    return _tagged(changed, response)


@router.get(
    "/vital-activities/{key}/services",
    operation_id="list_vital_activity_services",
    response_model=Page[SupportOut],
    responses=problem_responses(404),
)
async def list_vital_activity_services(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """The services that support a vital activity, by key."""
    await queries.get_vital_activity(session, key)
    rows = await queries.list_supports(session, key, page)
    return page_of(rows, page, key=lambda row: (row.service,))


@router.put(
    "/vital-activities/{key}/services/{service}",
    operation_id="support_vital_activity",
    response_model=SupportOut,
    responses=problem_responses(404, 409),
)
async def support_vital_activity(
    key: Key, service: Key, body: SupportWanted, session: Session, caller: CatalogWrite
) -> Any:
    """Say how strongly a service supports the activity; saying it again changes nothing."""
    return await actions.support_vital_activity(session, caller, key, service, body)


@router.delete(
    "/vital-activities/{key}/services/{service}",
    status_code=204,
    operation_id="end_vital_activity_support",
    responses=problem_responses(404),
)
async def end_vital_activity_support(
    key: Key, service: Key, session: Session, caller: CatalogWrite
) -> None:
    """Say that the service no longer supports the activity."""
    await actions.end_support(session, caller, key, service)


@router.get(
    "/services/{key}/vital-activities",
    operation_id="list_supported_vital_activities",
    response_model=Page[SupportedActivityOut],
    responses=problem_responses(404),
)
async def list_supported_vital_activities(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    strength: Strength | None = None,
) -> Any:
    """The vital activities that a service supports, by key."""
    await require_service(session, key)
    return _by_key(await queries.list_supported(session, key, strength, page), page)


@router.get(
    "/reports/unsupported-vital-activities",
    operation_id="list_unsupported_vital_activities",
    response_model=Page[VitalActivityOut],
)
async def list_unsupported_vital_activities(
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    customer: Key | None = None,
    criticality: Criticality | None = None,
    at_least: Annotated[
        Strength, Query(description="weaker support does not count")
    ] = Strength.HELPFUL,
) -> Any:
    """Active vital activities that no live service supports, by key."""
    filters = VitalActivityFilters(customer=customer, criticality=criticality, active=True)
    strengths = rules.at_least(at_least)
    return _by_key(await queries.list_unsupported(session, filters, strengths, page), page)


def _by_key(rows: Any, page: PageParams) -> Any:
    return page_of(rows, page, key=lambda row: (row.key,))


def _tagged(activity: Any, response: Response) -> Any:
    set_etag(response, activity.revision)
    return activity
