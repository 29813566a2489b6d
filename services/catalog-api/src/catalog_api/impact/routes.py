"""Impact and the picture of a service's surroundings over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from starlette.concurrency import run_in_threadpool

from catalog_api.dependencies.rules import Direction, Node, NodeKind, Strength
from catalog_api.impact import actions, queries
from catalog_api.impact.picture import as_svg
from catalog_api.impact.queries import Question
from catalog_api.impact.schemas import ImpactNode
from catalog_api.registry.queries import require_service
from catalog_api.vendors.queries import require_product
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.page_form import NOTHING_FETCHED
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["dependencies"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
Way = Annotated[
    Direction, Query(description="up: who is hit when it fails; down: what it rests on")
]
Depth = Annotated[int | None, Query(ge=1, le=1000, description="absent: to any depth")]
Along = Annotated[Literal["hard", "any"], Query(description="which dependencies are walked along")]
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture; it needs nothing but itself",
        "content": {"image/svg+xml": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/services/{key}/impact",
    operation_id="list_service_impact",
    response_model=Page[ImpactNode],
    responses=problem_responses(404),
)
async def list_service_impact(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    direction: Way = Direction.UP,
    depth: Depth = None,
    strength: Along = "any",
) -> Any:
    """What the service reaches through dependencies, the nearest first, each once."""
    await require_service(session, key)
    start = Node(NodeKind.SERVICE, key)
    return await _page(session, Question(start, direction, _along(strength), depth), page)


@router.get(
    "/vendor-products/{key}/impact",
    operation_id="list_vendor_product_impact",
    response_model=Page[ImpactNode],
    responses=problem_responses(404),
)
async def list_vendor_product_impact(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    depth: Depth = None,
    strength: Along = "any",
) -> Any:
    """The services that are hit when the vendor product fails, the nearest first, each once."""
    await require_product(session, key)
    start = Node(NodeKind.VENDOR_PRODUCT, key)
    return await _page(session, Question(start, Direction.UP, _along(strength), depth), page)


@router.get(
    "/services/{key}/dependencies.svg",
    operation_id="draw_service_dependencies",
    response_class=Response,
    responses={**_PICTURE, **problem_responses(404)},
)
async def draw_service_dependencies(
    key: Key,
    session: Session,
    caller: CatalogRead,
    depth: Annotated[int, Query(ge=1, le=10, description="dependencies away, both ways")] = 2,
) -> Response:
    """A picture of the service with its consumers above and its providers below.

    At most 60 services and vendor products are drawn, the nearest; it says how many are not.
    """
    picture = await run_in_threadpool(as_svg, await actions.surroundings_of(session, key, depth))
    return Response(picture, headers=NOTHING_FETCHED, media_type="image/svg+xml")


def _along(strength: Literal["hard", "any"]) -> Strength | None:
    return Strength.HARD if strength == "hard" else None


async def _page(session: Session, question: Question, page: PageParams) -> Any:
    rows = await queries.list_impact(session, question, page)
    return page_of(rows, page, key=lambda row: (row.depth, row.kind, row.key))
