"""HTTP of pulls."""

from typing import Annotated

from fastapi import Header, Response

from metrics_api.pulls import actions
from metrics_api.pulls.schemas import PullOut, PullPut
from shared.errors import PreconditionRequired
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, if_match, set_etag
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key

PullsRead = Annotated[Principal, requires("sources:write")]
PullsWrite = Annotated[Principal, requires("sources:write")]

router = Router(prefix="/v1/sources", tags=["pulls"])


@router.put(
    "/{source}/pull", operation_id="put_pull", responses=problem_responses(404, 409, 412, 428)
)
async def put_pull(
    source: Key,
    body: PullPut,
    session: Session,
    caller: PullsWrite,
    response: Response,
    tag: Annotated[
        str | None, Header(alias="If-Match", description="needed where there is a pull already")
    ] = None,
) -> PullOut:
    """Fetch this source's records from its tool (ServiceNow, iTop), at once and then regularly.

    A page is stored like a delivery, so its receipts tell what became of it.
    """
    expected = None if tag is None else await if_match(tag)
    pull = await actions.put_pull(session, source, expected, body, caller)
    if expected is None and pull.version > 1:
        raise PreconditionRequired("There is a pull already: send If-Match with its ETag")
    set_etag(response, pull.version)
    return actions.pull_out(source, pull)


@router.get("/{source}/pull", operation_id="get_pull", responses=problem_responses(404))
async def get_pull(source: Key, session: Session, _: PullsRead, response: Response) -> PullOut:
    """What is fetched and how far that has come: last run, last error, cursor."""
    pull = await actions.get_pull(session, source)
    set_etag(response, pull.version)
    return actions.pull_out(source, pull)


@router.delete(
    "/{source}/pull",
    status_code=204,
    operation_id="delete_pull",
    responses=problem_responses(404, 412, 428),
)
async def delete_pull(source: Key, session: Session, caller: PullsWrite, expected: IfMatch) -> None:
    """Fetch no more; what was taken in stays."""
    await actions.delete_pull(session, source, expected, caller)
