"""Priority schemes over HTTP: written in versions, chosen for services, asked for priorities."""

from typing import Annotated, Any

from fastapi import Path, Query, Response

from catalog_api.priorities import actions, queries
from catalog_api.priorities.schemas import (
    AssignedOut,
    Level,
    SchemeChoice,
    SchemeCreate,
    SchemeOut,
    SchemePatch,
    SchemeSummary,
    SchemeText,
    ServiceSchemeOut,
)
from catalog_api.registry.queries import require_service
from shared.errors import NotFound
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.agreements import SchemeVersionOut
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["priorities"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
VersionNumber = Annotated[int, Path(ge=1, lt=2**31)]


@router.post(
    "/priority-schemes",
    status_code=201,
    operation_id="create_priority_scheme",
    responses=problem_responses(409),
)
async def create_priority_scheme(
    body: SchemeCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> SchemeOut:
    """Create a scheme with its first version. The first scheme of all becomes the default."""
    key = await actions.create_scheme(session, caller, body)
    response.headers["Location"] = f"/v1/priority-schemes/{key}"
    return await _whole(session, key, response)


@router.get(
    "/priority-schemes",
    operation_id="list_priority_schemes",
    response_model=Page[SchemeSummary],
)
async def list_priority_schemes(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """Schemes by key, without their levels."""
    rows = await queries.list_schemes(session, page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get(
    "/priority-schemes/{key}",
    operation_id="get_priority_scheme",
    responses=problem_responses(404),
)
async def get_priority_scheme(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> SchemeOut:
    """A scheme with its version in force."""
    return await _whole(session, key, response)


@router.patch(
    "/priority-schemes/{key}",
    operation_id="change_priority_scheme",
    responses=problem_responses(404, 412, 428),
)
async def change_priority_scheme(
    key: Key,
    body: SchemePatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> SchemeOut:
    """Change name or description; levels and targets change by a new version."""
    await actions.rename_scheme(session, caller, key, body, expected)
    return await _whole(session, key, response)


@router.put(
    "/priority-schemes/{key}/default",
    operation_id="make_priority_scheme_default",
    responses=problem_responses(404, 409),
)
async def make_priority_scheme_default(
    key: Key, session: Session, caller: CatalogWrite, response: Response
) -> SchemeOut:
    """Let it hold for every service without a scheme of its own; there is always one default."""
    await actions.make_default(session, caller, key)
    return await _whole(session, key, response)


@router.post(
    "/priority-schemes/{key}/versions",
    status_code=201,
    operation_id="add_priority_scheme_version",
    responses=problem_responses(404, 409),
)
async def add_priority_scheme_version(
    key: Key,
    body: SchemeText,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> SchemeVersionOut:
    """Change levels or targets: a new version, in force at once.

    One that is looser than a signed agreement of a service it holds for is refused: 409
    `looser_than_agreement`.
    """
    version = await actions.add_version(session, caller, key, body)
    response.headers["Location"] = f"/v1/priority-schemes/{key}/versions/{version.version}"
    set_etag(response, version.version)
    return version


@router.get(
    "/priority-schemes/{key}/versions",
    operation_id="list_priority_scheme_versions",
    response_model=Page[SchemeVersionOut],
    responses=problem_responses(404),
)
async def list_priority_scheme_versions(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Versions, newest first."""
    await queries.get_scheme(session, key)
    rows = await queries.list_versions(session, key, page)
    return page_of(rows, page, key=lambda row: (row.version,))


@router.get(
    "/priority-schemes/{key}/versions/{version}",
    operation_id="get_priority_scheme_version",
    response_model=SchemeVersionOut,
    responses={**tells_etag(), **problem_responses(404)},
)
async def get_priority_scheme_version(
    key: Key, version: VersionNumber, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One version; it never changes."""
    set_etag(response, version)
    return await queries.get_version(session, key, version)


@router.get(
    "/services/{key}/priority-scheme",
    operation_id="get_service_priority_scheme",
    responses=problem_responses(404),
)
async def get_service_priority_scheme(
    key: Key, session: Session, caller: CatalogRead
) -> ServiceSchemeOut:
    """The scheme that holds for a service: its own, else the default."""
    await require_service(session, key)
    return await _holding(session, key)


@router.put(
    "/services/{key}/priority-scheme",
    operation_id="assign_priority_scheme",
    responses=problem_responses(404, 409),
)
async def assign_priority_scheme(
    key: Key, body: SchemeChoice, session: Session, caller: CatalogWrite
) -> ServiceSchemeOut:
    """Choose a scheme for a service in place of the default.

    One that is looser than an agreement signed for the service is refused: 409
    `looser_than_agreement`.
    """
    await actions.assign_scheme(session, caller, key, body.scheme)
    return await _holding(session, key)


@router.delete(
    "/services/{key}/priority-scheme",
    status_code=204,
    operation_id="unassign_priority_scheme",
    responses=problem_responses(404, 409),
)
async def unassign_priority_scheme(key: Key, session: Session, caller: CatalogWrite) -> None:
    """Let the default hold for a service again."""
    await actions.unassign_scheme(session, caller, key)


@router.get(
    "/services/{key}/priority",
    operation_id="get_service_priority",
    response_model=AssignedOut,
    responses=problem_responses(404),
)
async def get_service_priority(
    key: Key,
    session: Session,
    caller: CatalogRead,
    impact: Annotated[Level, Query()],
    urgency: Annotated[Level, Query()],
) -> Any:
    """The priority of an impact and an urgency for a service, with its targets."""
    await require_service(session, key)
    assigned = await actions.priority_of(session, key, impact, urgency, pointer="/query")
    if assigned is None:
        raise _no_scheme()
    return assigned


def _no_scheme() -> NotFound:
    return NotFound(
        "There is no priority scheme yet: create one, the first becomes the default",
        code="no_priority_scheme",
    )


async def _holding(session: Session, key: str) -> ServiceSchemeOut:
    scheme = await queries.scheme_of(session, key)
    if scheme is None:
        raise _no_scheme()
    fields = {"service": key, "overridden": scheme.overridden, "scheme": scheme}
    return ServiceSchemeOut.model_validate(fields)


async def _whole(session: Session, key: str, response: Response) -> SchemeOut:
    scheme = await queries.get_scheme(session, key)
    set_etag(response, scheme.revision)
    current = await queries.get_version(session, key, scheme.version)
    return SchemeOut.model_validate({**scheme._asdict(), "current": current})
