"""Process embedding over HTTP."""

from typing import Annotated, Any

from starlette.concurrency import run_in_threadpool

from improvement_api.embedding.looking import LANE, LOOK
from improvement_api.embedding.queries import Count, counts, list_missing, what_was_seen
from improvement_api.embedding.rules import EMBEDDINGS, Embedding
from improvement_api.embedding.schemas import (
    EmbeddingReport,
    LookOrdered,
    ProcessEmbedding,
    ServiceMissing,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.jobs import bring_forward
from shared.kit.page_form import HTML_TOO, AsPage, page_reply
from shared.kit.pagination import PageQuery, page_of
from shared.kit.routing import Router
from shared.schemas.common import Page
from shared.schemas.processes import Process

router = Router(prefix="/v1/reports", tags=["reports"])

GatesRead = Annotated[Principal, requires("gates:read")]
GatesWrite = Annotated[Principal, requires("gates:write")]
_SOURCE = (
    "facts of catalog-api and metrics-api (GET /v1/services/{key}/facts of each) and of"
    " improvement-api, looked at hourly for every service in transition, operate or improve"
)


@router.get(
    "/process-embedding",
    operation_id="get_process_embedding",
    response_model=EmbeddingReport,
    responses={200: HTML_TOO},
)
async def get_process_embedding(
    *,
    caller: GatesRead,
    session: Session,
    wants_page: AsPage,
) -> Any:
    """How far each of the ten processes is lived, over all live services, as JSON or a page.

    Services are looked at once an hour; `as_of` is when the first of them was. One that could
    not be asked for its facts stands as it was seen before.
    """
    seen, found = await what_was_seen(session), await counts(session)
    report = EmbeddingReport(
        as_of=seen.oldest,
        newest=seen.newest,
        services=seen.services,
        source=_SOURCE,
        items=[_row(one, found.get(one.process, Count(0, 0))) for one in EMBEDDINGS],
    )
    if not wants_page:
        return report
    from improvement_api.embedding.page import as_page  # noqa: PLC0415 - see shared.kit.pages

    body = await run_in_threadpool(as_page, report)
    return page_reply(body)


@router.get(
    "/process-embedding/{process}/missing",
    operation_id="list_services_missing_in_process",
)
async def list_services_missing_in_process(
    process: Process, caller: GatesRead, session: Session, page: PageQuery
) -> Page[ServiceMissing]:
    """The live services that the process concerns and that do not live it, by key."""
    rows = await list_missing(session, process, page)
    shown = page_of(rows, page, key=lambda row: (row.service,))
    items = [ServiceMissing.model_validate(row) for row in shown["items"]]
    return Page[ServiceMissing](items=items, next_cursor=shown["next_cursor"])


@router.post("/process-embedding/looks", status_code=202, operation_id="order_embedding_look")
async def order_embedding_look(caller: GatesWrite, session: Session) -> LookOrdered:
    """Have every live service looked at now; asking again while one waits orders nothing more."""
    await bring_forward(session, LOOK, lane=LANE)
    return LookOrdered(ordered=True)


def _row(embedding: Embedding, count: Count) -> ProcessEmbedding:
    return ProcessEmbedding(
        process=embedding.process,
        numerator=count.lived,
        denominator=count.concerned,
        share=count.lived / count.concerned if count.concerned else None,
        reason=None if count.concerned else "the process concerns none of the services seen",
        formula=embedding.formula,
        facts=sorted(name for demand in embedding.demands for name in demand.facts),
        outcome=embedding.outcome,
    )
