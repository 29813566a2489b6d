"""HTTP of breaches."""

from typing import Annotated, Any

from fastapi import Depends, Query

from metrics_api.breaches import queries
from metrics_api.breaches.queries import BreachFilter
from metrics_api.breaches.schemas import BreachOut
from metrics_api.clocks.standing import Clock
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, Storable, Timestamp

router = Router(prefix="/v1", tags=["clocks"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
Basis = Annotated[
    str, Query(max_length=230, description="as in the items", examples=["scheme:standard@3"])
]


async def breach_filter(
    service: Annotated[Key | None, Query()] = None,
    clock: Annotated[Clock | None, Query()] = None,
    priority: Annotated[int | None, Query(ge=1, le=10)] = None,
    basis: Annotated[Basis | None, Storable] = None,
    retracted: Annotated[bool | None, Query(description="absent: both")] = None,
    breached_from: Annotated[Timestamp | None, Query()] = None,
    breached_to: Annotated[Timestamp | None, Query(description="not included")] = None,
) -> BreachFilter:
    return BreachFilter(service, clock, priority, basis, retracted, breached_from, breached_to)


@router.get("/breaches", operation_id="list_breaches", responses=problem_responses(400))
async def list_breaches(
    session: Session,
    _: MetricsRead,
    wanted: Annotated[BreachFilter, Depends(breach_filter)],
    page: PageQuery,
) -> Page[BreachOut]:
    """Clocks that ran out, the newest first."""
    rows = await queries.list_breaches(session, wanted, page)
    paged = page_of(rows, page, key=_place)
    paged["items"] = [{**vars(breach), "source": source} for breach, source in paged["items"]]
    return Page[BreachOut].model_validate(paged)


def _place(row: Any) -> tuple[Any, ...]:
    breach = row[0]
    return (breach.breached_at, breach.source_id, breach.external_id, breach.clock)
