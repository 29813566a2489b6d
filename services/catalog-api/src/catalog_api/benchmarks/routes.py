"""Benchmarks over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from catalog_api.benchmarks import actions, queries
from catalog_api.benchmarks.rules import Measure
from catalog_api.benchmarks.schemas import BenchmarkCreate, BenchmarkOut
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}/benchmarks", tags=["financials"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
FinanceWrite = Annotated[Principal, requires("finance:write")]


@router.post(
    "",
    status_code=201,
    operation_id="create_benchmark",
    response_model=BenchmarkOut,
    responses=problem_responses(404),
)
async def create_benchmark(
    key: Key,
    body: BenchmarkCreate,
    session: Session,
    caller: FinanceWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record what others pay, with where and when it was published."""
    benchmark = await actions.create_benchmark(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/benchmarks/{benchmark.id}"
    return benchmark


@router.get(
    "",
    operation_id="list_benchmarks",
    response_model=Page[BenchmarkOut],
    responses=problem_responses(404),
)
async def list_benchmarks(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    measure: Measure | None = None,
) -> Any:
    """Benchmarks of the service, the newest first."""
    await require_service(session, key)
    found = await queries.list_benchmarks(session, key, measure, page)
    return page_of(found, page, key=lambda row: (row.published_on, row.id))


@router.get(
    "/{benchmark}",
    operation_id="get_benchmark",
    response_model=BenchmarkOut,
    responses=problem_responses(404),
)
async def get_benchmark(key: Key, benchmark: UUID, session: Session, caller: CatalogRead) -> Any:
    """One benchmark."""
    return await queries.get_benchmark(session, key, benchmark)


@router.delete(
    "/{benchmark}",
    status_code=204,
    operation_id="remove_benchmark",
    responses=problem_responses(404),
)
async def remove_benchmark(
    key: Key, benchmark: UUID, session: Session, caller: FinanceWrite
) -> None:
    """Take back a benchmark that should not be there."""
    await actions.remove_benchmark(session, caller, key, benchmark)
