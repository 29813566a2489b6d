"""Owners of a service over HTTP."""

from typing import Annotated, Any

from fastapi import Body, Query, Response

from catalog_api.ownership import actions, queries
from catalog_api.ownership.schemas import OwnerList, OwnershipOut
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}/owners", tags=["owners"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


@router.get(
    "",
    operation_id="list_owners",
    response_model=Page[OwnershipOut],
    responses=problem_responses(404),
)
async def list_owners(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    response: Response,
    past: Annotated[bool, Query(description="also those whose ownership has ended")] = False,
) -> Any:
    """Owners by beginning. The ETag is the service's: send it back to replace them."""
    set_etag(response, await require_service(session, key))
    return await _page(session, key, page, past=past)


@router.put(
    "",
    operation_id="replace_owners",
    response_model=Page[OwnershipOut],
    responses=problem_responses(404, 409, 412, 428),
)
async def replace_owners(
    key: Key,
    body: Annotated[OwnerList, Body()],
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Make these the present owners; who is not named stops owning, and the history is kept.

    A live service keeps exactly one `service_owner`.
    """
    set_etag(response, await actions.replace_owners(session, caller, key, body, expected))
    return await _page(session, key, PageParams(limit=100, after=None), past=False)


async def _page(session: Session, key: str, page: PageParams, *, past: bool) -> Any:
    rows = await queries.list_owners(session, key, page, past=past)
    return page_of(rows, page, key=lambda row: (row.valid_from, row.id))
