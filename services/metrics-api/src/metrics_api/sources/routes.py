"""HTTP of sources and their API keys."""

from typing import Annotated, Any

from fastapi import Response

from metrics_api.sources import actions, queries
from metrics_api.sources.schemas import (
    ApiKeyCreate,
    ApiKeyOut,
    NewApiKeyOut,
    SourceChange,
    SourceCreate,
    SourceOut,
)
from metrics_api.sources.tables import ApiKey, Source
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

SourcesRead = Annotated[Principal, requires("metrics:read")]
SourcesWrite = Annotated[Principal, requires("sources:write")]

router = Router(prefix="/v1/sources", tags=["sources"])


@router.post("", status_code=201, operation_id="create_source", responses=problem_responses(409))
async def create_source(
    body: SourceCreate, session: Session, caller: SourcesWrite, response: Response, _: Idempotent
) -> SourceOut:
    """Register an ITSM tool: how it delivers, its time zone, what its words mean."""
    source = await actions.create_source(session, body, caller)
    set_etag(response, source.version)
    return SourceOut.model_validate(source)


@router.get("", operation_id="list_sources", responses=problem_responses(400))
async def list_sources(session: Session, _: SourcesRead, page: PageQuery) -> Page[SourceOut]:
    """All sources, by key."""
    rows = await queries.list_sources(session, page)
    return Page[SourceOut].model_validate(page_of(rows, page, key=_source_key))


@router.get("/{source}", operation_id="get_source", responses=problem_responses(404))
async def get_source(
    source: Key, session: Session, _: SourcesRead, response: Response
) -> SourceOut:
    """One source, with its ETag."""
    found = await queries.get_source(session, source)
    set_etag(response, found.version)
    return SourceOut.model_validate(found)


@router.patch("/{source}", operation_id="change_source", responses=problem_responses(404, 412, 428))
async def change_source(
    source: Key,
    body: SourceChange,
    session: Session,
    caller: SourcesWrite,
    expected: IfMatch,
    response: Response,
) -> SourceOut:
    """Change how a tool is read, or switch it off; a changed mapping reaches old records too."""
    changed = await actions.change_source(session, source, expected, body, caller)
    set_etag(response, changed.version)
    return SourceOut.model_validate(changed)


@router.post(
    "/{source}/api-keys",
    status_code=201,
    operation_id="create_api_key",
    responses=problem_responses(404),
)
async def create_api_key(
    source: Key, body: ApiKeyCreate, session: Session, caller: SourcesWrite
) -> NewApiKeyOut:
    """Make an API key that may push this source's records and nothing else.

    It takes no Idempotency-Key: a kept reply would be a kept secret.
    """
    key, secret = await actions.create_api_key(session, source, body.name, caller)
    return NewApiKeyOut(**_api_key_out(key).model_dump(), key=secret)


@router.get(
    "/{source}/api-keys", operation_id="list_api_keys", responses=problem_responses(400, 404)
)
async def list_api_keys(
    source: Key, session: Session, _: SourcesWrite, page: PageQuery
) -> Page[ApiKeyOut]:
    """The keys of a source, revoked ones too, without their secrets."""
    found = await queries.get_source(session, source)
    rows = await queries.list_api_keys(session, found.id, page)
    paged: dict[str, Any] = page_of(rows, page, key=_api_key_id)
    paged["items"] = [_api_key_out(row) for row in paged["items"]]
    return Page[ApiKeyOut].model_validate(paged)


@router.delete(
    "/{source}/api-keys/{key_id}",
    status_code=204,
    operation_id="revoke_api_key",
    responses=problem_responses(404),
)
async def revoke_api_key(source: Key, key_id: str, session: Session, caller: SourcesWrite) -> None:
    """Revoke a key at once; revoking it again changes nothing."""
    await actions.revoke_api_key(session, source, key_id, caller)


def _source_key(source: Source) -> tuple[str]:
    return (source.key,)


def _api_key_id(key: ApiKey) -> tuple[str]:
    return (key.id,)


def _api_key_out(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut(
        id=key.id,
        name=key.name,
        scopes=list(actions.KEY_SCOPES),
        created_at=key.created_at,
        created_by=key.created_by,
        revoked_at=key.revoked_at,
    )
