"""The practice library over HTTP, and what services make of it."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response

from catalog_api.practices import actions, queries
from catalog_api.practices.queries import PracticeFilters
from catalog_api.practices.rules import Adoption, PracticeKind
from catalog_api.practices.schemas import (
    AdoptionOut,
    AdoptionPut,
    OpportunityId,
    OpportunityLink,
    OpportunityLinkOut,
    PracticeCreate,
    PracticeOut,
    PracticePatch,
)
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText
from shared.schemas.processes import Process

router = Router(prefix="/v1", tags=["practices"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
PracticeKey = Annotated[Key, Path(description="key of a practice")]


async def practice_filters(
    kind: PracticeKind | None = None,
    process: Process | None = None,
    tag: ShortText | None = None,
    opportunity: Annotated[OpportunityId | None, Query(description="linked to it")] = None,
    past: Annotated[bool, Query(description="also practices that have retired")] = False,
) -> PracticeFilters:
    return PracticeFilters(kind, process, tag, opportunity, past)


@router.post(
    "/practices",
    status_code=201,
    operation_id="create_practice",
    response_model=PracticeOut,
    responses=problem_responses(409),
)
async def create_practice(
    body: PracticeCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> Any:
    """Write down a practice; without a key it gets the slug of its title."""
    practice = await actions.create_practice(session, caller, body)
    response.headers["Location"] = f"/v1/practices/{practice.key}"
    return _tagged(practice, response)


@router.get("/practices", operation_id="list_practices", response_model=Page[PracticeOut])
async def list_practices(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[PracticeFilters, Depends(practice_filters)],
    page: PageQuery,
    q: Annotated[ShortText | None, Query(description="words to find in any of its texts")] = None,
) -> Any:
    """Practices by key, or with `q` the best match first."""
    if q is None:
        rows = await queries.list_practices(session, filters, page)
        return page_of(rows, page, key=lambda row: (row.key,))
    rows = await queries.search_practices(session, q, filters, page)
    return page_of(rows, page, key=lambda row: (row.rank, row.key))


@router.get(
    "/practices/{key}",
    operation_id="get_practice",
    response_model=PracticeOut,
    responses=problem_responses(404),
)
async def get_practice(key: Key, session: Session, caller: CatalogRead, response: Response) -> Any:
    """A practice, also when it has retired."""
    return _tagged(await queries.get_practice(session, key), response)


@router.patch(
    "/practices/{key}",
    operation_id="change_practice",
    response_model=PracticeOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_practice(
    key: Key,
    body: PracticePatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named."""
    return _tagged(await actions.change_practice(session, caller, key, body, expected), response)


@router.post(
    "/practices/{key}/retire",
    operation_id="retire_practice",
    response_model=PracticeOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def retire_practice(
    key: Key, session: Session, caller: CatalogWrite, expected: IfMatch, response: Response
) -> Any:
    """Retire a practice: it cannot be taken up any more."""
    return _tagged(await actions.retire_practice(session, caller, key, expected), response)


@router.post(
    "/practices/{key}/opportunities",
    status_code=201,
    operation_id="link_practice_opportunity",
    response_model=OpportunityLinkOut,
    responses={
        200: {"model": OpportunityLinkOut, "description": "It is linked already"},
        **problem_responses(404),
    },
)
async def link_practice_opportunity(
    key: Key, body: OpportunityLink, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Say that an opportunity of improvement-api came from this practice, or made it."""
    link, is_new = await actions.link_opportunity(session, caller, key, body.opportunity)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/practices/{key}/opportunities/{link.opportunity}"
    return link


@router.get(
    "/practices/{key}/opportunities",
    operation_id="list_practice_opportunities",
    response_model=Page[OpportunityLinkOut],
    responses=problem_responses(404),
)
async def list_practice_opportunities(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Opportunities that the practice is linked to, by id."""
    await queries.get_practice(session, key)
    rows = await queries.list_links(session, key, page)
    return page_of(rows, page, key=lambda row: (row.opportunity,))


@router.delete(
    "/practices/{key}/opportunities/{opportunity}",
    status_code=204,
    operation_id="unlink_practice_opportunity",
    responses=problem_responses(404),
)
async def unlink_practice_opportunity(
    key: Key, opportunity: OpportunityId, session: Session, caller: CatalogWrite
) -> None:
    """Take the link away."""
    await actions.unlink_opportunity(session, caller, key, opportunity)


@router.get(
    "/practices/{key}/adoptions",
    operation_id="list_practice_adoptions",
    response_model=Page[AdoptionOut],
    responses=problem_responses(404),
)
async def list_practice_adoptions(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    adoption: Adoption | None = None,
) -> Any:
    """What services make of the practice, by service."""
    await queries.get_practice(session, key)
    rows = await queries.list_by_practice(session, key, adoption, page)
    return page_of(rows, page, key=lambda row: (row.service,))


@router.get(
    "/services/{key}/practices",
    operation_id="list_service_practices",
    response_model=Page[AdoptionOut],
    responses=problem_responses(404),
)
async def list_service_practices(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    adoption: Adoption | None = None,
) -> Any:
    """What a service makes of the practices, by practice."""
    await require_service(session, key)
    rows = await queries.list_by_service(session, key, adoption, page)
    return page_of(rows, page, key=lambda row: (row.practice,))


@router.put(
    "/services/{key}/practices/{practice}",
    operation_id="adopt_practice",
    response_model=AdoptionOut,
    responses={
        201: {"model": AdoptionOut, "description": "The service said nothing of it before"},
        **tells_etag(),
        **problem_responses(404, 409),
    },
)
async def adopt_practice(
    key: Key,
    practice: PracticeKey,
    body: AdoptionPut,
    session: Session,
    caller: CatalogWrite,
    response: Response,
) -> Any:
    """Say that the service has adopted a practice, plans to, or why it does not apply.

    Saying the same again changes nothing.
    """
    adoption, is_new = await actions.adopt(session, caller, key, practice, body)
    response.status_code = 201 if is_new else 200
    return _tagged(adoption, response)


@router.delete(
    "/services/{key}/practices/{practice}",
    status_code=204,
    operation_id="forget_practice",
    responses=problem_responses(404),
)
async def forget_practice(
    key: Key, practice: PracticeKey, session: Session, caller: CatalogWrite
) -> None:
    """The service says nothing of the practice any more; the audit trail keeps what it said."""
    await actions.forget_adoption(session, caller, key, practice)


def _tagged(row: Any, response: Response) -> Any:
    set_etag(response, row.revision)
    return row
