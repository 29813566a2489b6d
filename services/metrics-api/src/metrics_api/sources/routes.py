"""HTTP of sources, their secrets and API keys, and of the kinds of tools that are known."""

from typing import Annotated, Any

from fastapi import Request, Response

from metrics_api.sources import actions, queries
from metrics_api.sources.schemas import (
    ApiKeyCreate,
    ApiKeyOut,
    NewApiKeyOut,
    NewSecretOut,
    SecretCreate,
    SecretOut,
    SourceChange,
    SourceCreate,
    SourceKindOut,
    SourceOut,
    SourceVersionOut,
    signature_out,
    source_out,
)
from metrics_api.sources.tables import ApiKey, Source, SourceSecret, SourceVersion
from metrics_api.sources.tools.registry import TOOLS
from metrics_api.sources.tools.tool import Tool
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, bad_cursor, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText
from shared.scopes import API_KEY_SCOPES

SourcesRead = Annotated[Principal, requires("metrics:read")]
SourcesWrite = Annotated[Principal, requires("sources:write")]

router = Router(prefix="/v1", tags=["sources"])


@router.get("/source-kinds", operation_id="list_source_kinds", responses=problem_responses(400))
async def list_source_kinds(_: SourcesRead, page: PageQuery) -> Page[SourceKindOut]:
    """The tools that are known: their words, signatures, and what to set up in each."""
    after = page.after[0] if page.after else ""
    if not isinstance(after, str):
        raise bad_cursor()
    kinds = sorted(kind for kind in TOOLS if kind > after)[: page.limit + 1]
    paged = page_of([_kind_out(TOOLS[kind]) for kind in kinds], page, key=_kind)
    return Page[SourceKindOut].model_validate(paged)


@router.post(
    "/sources", status_code=201, operation_id="create_source", responses=problem_responses(409)
)
async def create_source(
    body: SourceCreate, session: Session, caller: SourcesWrite, response: Response, _: Idempotent
) -> SourceOut:
    """Register an ITSM tool: how it delivers, its time zone, what its words mean."""
    source = await actions.create_source(session, body, caller)
    response.headers["Location"] = f"/v1/sources/{source.key}"
    set_etag(response, source.version)
    return source_out(source)


@router.get("/sources", operation_id="list_sources", responses=problem_responses(400))
async def list_sources(session: Session, _: SourcesRead, page: PageQuery) -> Page[SourceOut]:
    """All sources, by key."""
    rows = await queries.list_sources(session, page)
    paged = page_of(rows, page, key=_source_key)
    paged["items"] = [source_out(row) for row in paged["items"]]
    return Page[SourceOut].model_validate(paged)


@router.get("/sources/{source}", operation_id="get_source", responses=problem_responses(404))
async def get_source(
    source: Key, session: Session, _: SourcesRead, response: Response
) -> SourceOut:
    """One source, with its ETag."""
    found = await queries.get_source(session, source)
    set_etag(response, found.version)
    return source_out(found)


@router.patch(
    "/sources/{source}", operation_id="change_source", responses=problem_responses(404, 412, 428)
)
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
    return source_out(changed)


@router.post(
    "/sources/{source}/api-keys",
    status_code=201,
    operation_id="create_api_key",
    responses=problem_responses(404),
)
async def create_api_key(
    source: Key, body: ApiKeyCreate, session: Session, caller: SourcesWrite, response: Response
) -> NewApiKeyOut:
    """Make an API key that may push this source's records and nothing else.

    It takes no Idempotency-Key: a kept reply would be a kept secret.
    """
    key, secret = await actions.create_api_key(session, source, body.name, caller)
    response.headers["Location"] = f"/v1/sources/{source}/api-keys/{key.id}"
    return NewApiKeyOut(**_api_key_out(key).model_dump(), key=secret)


@router.get(
    "/sources/{source}/api-keys",
    operation_id="list_api_keys",
    responses=problem_responses(400, 404),
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
    "/sources/{source}/api-keys/{key_id}",
    status_code=204,
    operation_id="revoke_api_key",
    responses=problem_responses(404),
)
async def revoke_api_key(
    source: Key, key_id: str, session: Session, caller: SourcesWrite, request: Request
) -> None:
    """Revoke a key; within two seconds no process takes it any more. Again: changes nothing."""
    await actions.revoke_api_key(session, source, key_id, caller)
    actions.forget_api_keys(request.app.state.engine)


@router.post(
    "/sources/{source}/secrets",
    status_code=201,
    operation_id="create_source_secret",
    responses=problem_responses(404, 409),
)
async def create_source_secret(
    source: Key, body: SecretCreate, session: Session, caller: SourcesWrite, response: Response
) -> NewSecretOut:
    """Make a signing secret, or accept the one that the tool made; two may be valid at a time.

    It takes no Idempotency-Key: a kept reply would be a kept secret.
    """
    made, plain = await actions.create_secret(session, source, body, caller)
    response.headers["Location"] = f"/v1/sources/{source}/secrets/{made.id}"
    return NewSecretOut(**SecretOut.model_validate(made).model_dump(), secret=plain)


@router.get(
    "/sources/{source}/secrets",
    operation_id="list_source_secrets",
    responses=problem_responses(400, 404),
)
async def list_source_secrets(
    source: Key, session: Session, _: SourcesWrite, page: PageQuery
) -> Page[SecretOut]:
    """The signing secrets of a source, without what they are."""
    found = await queries.get_source(session, source)
    rows = await queries.list_secrets(session, found.id, page)
    return Page[SecretOut].model_validate(page_of(rows, page, key=_secret_id))


@router.delete(
    "/sources/{source}/secrets/{secret_id}",
    status_code=204,
    operation_id="revoke_source_secret",
    responses=problem_responses(404),
)
async def revoke_source_secret(
    source: Key, secret_id: ShortText, session: Session, caller: SourcesWrite
) -> None:
    """Revoke a secret at once; revoking it again changes nothing."""
    await actions.revoke_secret(session, source, secret_id, caller)


@router.get(
    "/sources/{source}/versions",
    operation_id="list_source_versions",
    responses=problem_responses(400, 404),
)
async def list_source_versions(
    source: Key, session: Session, _: SourcesRead, page: PageQuery
) -> Page[SourceVersionOut]:
    """What the source was told to be, and since when; the oldest first."""
    found = await queries.get_source(session, source)
    rows = await queries.list_versions(session, found.id, page)
    return Page[SourceVersionOut].model_validate(page_of(rows, page, key=_version))


def _kind_out(tool: Tool) -> SourceKindOut:
    return SourceKindOut.model_validate(
        {
            "kind": tool.kind,
            "name": tool.name,
            "delivery": tool.delivery,
            "signature": signature_out(tool.signing),
            "schemes": list(tool.schemes),
            "mapping_root": tool.mapping_root,
            "states": dict(tool.states),
            "priorities": dict(tool.priorities),
            "guide": tool.guide,
        }
    )


def _kind(kind: SourceKindOut) -> tuple[str]:
    return (kind.kind,)


def _secret_id(secret: SourceSecret) -> tuple[str]:
    return (secret.id,)


def _version(version: SourceVersion) -> tuple[int]:
    return (version.version,)


def _source_key(source: Source) -> tuple[str]:
    return (source.key,)


def _api_key_id(key: ApiKey) -> tuple[str]:
    return (key.id,)


def _api_key_out(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut(
        id=key.id,
        name=key.name,
        scopes=list(API_KEY_SCOPES),
        created_at=key.created_at,
        created_by=key.created_by,
        revoked_at=key.revoked_at,
    )
