"""Customers and their representatives over HTTP."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from catalog_api.customers import actions, queries, rules
from catalog_api.customers.queries import CustomerFilters
from catalog_api.customers.rules import CustomerKind
from catalog_api.customers.schemas import (
    CustomerCreate,
    CustomerOut,
    CustomerPatch,
    RepresentativeCreate,
    RepresentativeEnd,
    RepresentativeOut,
)
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page, ShortText

router = Router(prefix="/v1", tags=["customers"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def customer_filters(
    kind: CustomerKind | None = None,
    relationship_owner: ShortText | None = None,
    active: bool | None = None,
    overdue: Annotated[bool | None, Query(description="its review is overdue today")] = None,
    service: Annotated[Key | None, Query(description="engaged with this service")] = None,
    on: Annotated[
        Day | None, Query(description="engaged on that day; absent: today, in UTC")
    ] = None,
) -> CustomerFilters:
    today = now().date()
    return CustomerFilters(
        kind, relationship_owner, active, overdue, service, on=on or today, today=today
    )


Filters = Annotated[CustomerFilters, Depends(customer_filters)]


@router.post(
    "/customers",
    status_code=201,
    operation_id="create_customer",
    responses=problem_responses(409),
)
async def create_customer(
    body: CustomerCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> CustomerOut:
    """Add a customer community; without a key it gets the slug of its name."""
    customer = await actions.create_customer(session, caller, body)
    response.headers["Location"] = f"/v1/customers/{customer.key}"
    return _tagged(customer, response)


@router.get("/customers", operation_id="list_customers", response_model=Page[CustomerOut])
async def list_customers(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Customers by key."""
    rows = await queries.list_customers(session, filters, page)
    found = page_of(rows, page, key=lambda row: (row.key,))
    return {**found, "items": [_shown(row, filters.today) for row in found["items"]]}


@router.get("/customers/{key}", operation_id="get_customer", responses=problem_responses(404))
async def get_customer(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> CustomerOut:
    """A customer, and when its next review is due."""
    return _tagged(await queries.get_customer(session, key), response)


@router.patch(
    "/customers/{key}",
    operation_id="change_customer",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_customer(
    key: Key,
    body: CustomerPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> CustomerOut:
    """Change the fields that are named; a customer leaves when its engagements have ended."""
    return _tagged(await actions.change_customer(session, caller, key, body, expected), response)


@router.post(
    "/customers/{key}/representatives",
    status_code=201,
    operation_id="add_representative",
    response_model=RepresentativeOut,
    responses=problem_responses(404, 409),
)
async def add_representative(
    key: Key,
    body: RepresentativeCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Say who speaks for the customer, in which role, from when."""
    person = await actions.add_representative(session, caller, key, body)
    response.headers["Location"] = f"/v1/customers/{key}/representatives/{person.id}"
    set_etag(response, person.revision)
    return person


@router.get(
    "/customers/{key}/representatives",
    operation_id="list_representatives",
    response_model=Page[RepresentativeOut],
    responses=problem_responses(404),
)
async def list_representatives(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    on: Annotated[Day | None, Query(description="valid on that day; absent: all ever")] = None,
) -> Any:
    """Representatives by beginning, also former ones."""
    await queries.get_customer(session, key)
    rows = await queries.list_representatives(session, key, on, page)
    return page_of(rows, page, key=lambda row: (row.valid_from, row.id))


@router.get(
    "/customers/{key}/representatives/{representative_id}",
    operation_id="get_representative",
    response_model=RepresentativeOut,
    responses=problem_responses(404),
)
async def get_representative(
    key: Key, representative_id: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One representative of the customer."""
    person = await queries.get_representative(session, key, representative_id)
    set_etag(response, person.revision)
    return person


@router.post(
    "/customers/{key}/representatives/{representative_id}/end",
    operation_id="end_representative",
    response_model=RepresentativeOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def end_representative(
    key: Key,
    representative_id: UUID,
    body: RepresentativeEnd,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Say when the person stops; the last one of a customer of live services cannot."""
    person = await actions.end_representative(
        session, caller, key, representative_id, body.valid_to, expected
    )
    set_etag(response, person.revision)
    return person


def _tagged(customer: Any, response: Response) -> CustomerOut:
    set_etag(response, customer.revision)
    return _shown(customer, now().date())


def _shown(customer: Any, today: date) -> CustomerOut:
    overdue = rules.is_overdue(customer.review_due_on, today, active=customer.active)
    return CustomerOut.model_validate({**customer._asdict(), "overdue": overdue})
