"""SLIs over HTTP."""

from typing import Annotated, Any

from fastapi import Response

from metrics_api.slis import actions, queries
from metrics_api.slis.queries import SliFilter
from metrics_api.slis.rules import SliState
from metrics_api.slis.schemas import ObjectKey, SliCreate, SliOut, SliPatch
from metrics_api.versioned.actions import versions_page
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/slis", tags=["slis"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
SlosWrite = Annotated[Principal, requires("slos:write")]


@router.post("", status_code=201, operation_id="create_sli", responses=problem_responses(409))
async def create_sli(
    body: SliCreate, session: Session, caller: SlosWrite, response: Response, _: Idempotent
) -> SliOut:
    """Define what is measured of a service, and where that comes from."""
    sli = await actions.create_sli(session, caller, body)
    response.headers["Location"] = f"/v1/slis/{sli.key}"
    return _tagged(sli, response)


@router.get("", operation_id="list_slis", response_model=Page[SliOut])
async def list_slis(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    state: SliState | None = None,
) -> Any:
    """SLIs by key."""
    rows = await queries.list_slis(session, SliFilter(service, state), page)
    return page_of(rows, page, lambda row: (row.key,))


@router.get("/{key}", operation_id="get_sli", responses=problem_responses(404))
async def get_sli(
    key: ObjectKey, session: Session, caller: MetricsRead, response: Response
) -> SliOut:
    """An SLI as it is now."""
    return _tagged(await queries.get_sli(session, key), response)


@router.get(
    "/{key}/versions",
    operation_id="list_sli_versions",
    response_model=Page[SliOut],
    responses=problem_responses(404),
)
async def list_sli_versions(
    key: ObjectKey, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Every version of an SLI, newest first."""
    await queries.get_sli(session, key)
    return await versions_page(session, queries.SLIS, key, page)


@router.patch("/{key}", operation_id="change_sli", responses=problem_responses(404, 409, 412, 428))
async def change_sli(
    key: ObjectKey,
    body: SliPatch,
    session: Session,
    caller: SlosWrite,
    expected: IfMatch,
    response: Response,
) -> SliOut:
    """Change the fields that are named. What records count is then counted anew for the past."""
    return _tagged(await actions.change_sli(session, caller, key, body, expected), response)


@router.delete("/{key}", operation_id="retire_sli", responses=problem_responses(404, 409, 412, 428))
async def retire_sli(
    key: ObjectKey, session: Session, caller: SlosWrite, expected: IfMatch, response: Response
) -> SliOut:
    """Retire an SLI that no SLO looks at: it takes no more samples and keeps what it has."""
    return _tagged(await actions.retire_sli(session, caller, key, expected), response)


def _tagged(sli: Any, response: Response) -> SliOut:
    set_etag(response, sli.version)
    return SliOut.model_validate(sli)
