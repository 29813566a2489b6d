"""Stage changes over HTTP."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from catalog_api.registry.queries import require_service
from catalog_api.stages import actions, queries
from catalog_api.stages.actions import Trust
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import TransitionOut, TransitionRequest
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}/transitions", tags=["stages"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
StageMover = Annotated[Principal, requires("stages:move")]


async def trust_of(request: Request) -> Trust:
    settings = request.app.state.settings
    return Trust(settings.decision_issuer, settings.decision_jwks)


DecisionTrust = Annotated[Trust, Depends(trust_of)]


@router.post(
    "",
    status_code=201,
    operation_id="move_stage",
    response_model=TransitionOut,
    responses={
        200: {"model": TransitionOut, "description": "This decision moved the service before"},
        **problem_responses(404, 409),
    },
)
async def move_stage(
    key: Key,
    body: TransitionRequest,
    session: Session,
    caller: StageMover,
    trust: DecisionTrust,
    response: Response,
) -> Any:
    """Move a service to the stage a signed tollgate decision names.

    Without a decision: 409 `decision_required` with gate, from and to stage. One that is forged,
    made for something else, or before the service came to its stage: 409 `decision_invalid`.
    """
    transition, moved = await actions.move_stage(session, caller, key, body, trust)
    response.status_code = 201 if moved else 200
    return transition


@router.get(
    "",
    operation_id="list_transitions",
    response_model=Page[TransitionOut],
    responses=problem_responses(404),
)
async def list_transitions(key: Key, session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """The stage changes of a service, newest first."""
    await require_service(session, key)
    rows = await queries.list_transitions(session, key, page)
    return page_of(rows, page, key=lambda row: (row.moved_at, row.id))
