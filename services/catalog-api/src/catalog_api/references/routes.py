"""External references over HTTP: kept per service, resolved in bulk."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from catalog_api.references import actions, queries
from catalog_api.references.schemas import KeptReference
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import Reference, ResolvedReference, ResolveReply, ResolveRequest
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["external references"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


@router.get(
    "/services/{key}/external-references",
    operation_id="list_external_references",
    response_model=Page[KeptReference],
    responses=problem_responses(404),
)
async def list_external_references(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """The names and ids that ITSM tools use for this service."""
    await require_service(session, key)
    rows = await queries.list_references(session, key, page)
    return page_of(rows, page, key=lambda row: (row.added_at, row.id))


@router.post(
    "/services/{key}/external-references",
    status_code=201,
    operation_id="add_external_reference",
    response_model=KeptReference,
    responses={
        200: {"model": KeptReference, "description": "The service has it already"},
        **problem_responses(404, 409),
    },
)
async def add_external_reference(
    key: Key, body: Reference, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Say that a tool's name means this service; without a source, any tool's.

    Case and runs of white space do not count. Saying it again is harmless.
    """
    reference, is_new = await actions.add_reference(session, caller, key, body)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/services/{key}/external-references/{reference.id}"
    return reference


@router.delete(
    "/services/{key}/external-references/{reference}",
    status_code=204,
    operation_id="remove_external_reference",
    responses=problem_responses(404),
)
async def remove_external_reference(
    key: Key, reference: UUID, session: Session, caller: CatalogWrite
) -> None:
    """The name no longer means this service; records that were attributed by it stay so."""
    await actions.remove_reference(session, caller, key, reference)


@router.post("/external-references/resolve", operation_id="resolve_external_references")
async def resolve_external_references(
    body: ResolveRequest, session: Session, caller: CatalogRead
) -> ResolveReply:
    """Which services are meant by up to 10,000 names, in the order asked.

    The key of a service always means it; else a reference of that very source counts before one
    of any source.
    """
    services = await queries.resolve(session, body.references)
    return ResolveReply(
        items=[
            ResolvedReference(source=asked.source, name=asked.name, service=service)
            for asked, service in zip(body.references, services, strict=True)
        ]
    )
