"""Initiatives over HTTP: pushed by improvement-api, shown in the performance report."""

from typing import Annotated, Any

from fastapi import Path

from metrics_api.initiatives import queries
from metrics_api.initiatives.schemas import InitiativeCopyOut
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.metrics import InitiativePut, KpiId

router = Router(prefix="/v1/initiatives", tags=["initiatives"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
InitiativesWrite = Annotated[Principal, requires("initiatives:write")]
InitiativeId = Annotated[
    str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100, description="The owner's id")
]


@router.put("/{initiative}", operation_id="put_initiative")
async def put_initiative(
    initiative: InitiativeId, body: InitiativePut, session: Session, caller: InitiativesWrite
) -> InitiativeCopyOut:
    """Create or replace an initiative. An older or equal `revision` than the known one changes
    nothing, so pushes may be repeated and may overtake each other; the one known is answered."""
    row = await queries.put_initiative(session, initiative, body, now())
    return InitiativeCopyOut.model_validate(row)


@router.get("", operation_id="list_initiatives", response_model=Page[InitiativeCopyOut])
async def list_initiatives(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    kpi: KpiId | None = None,
) -> Any:
    """Initiatives by service, KPI and first day."""
    rows = await queries.list_initiatives(session, service, kpi, page)
    return page_of(rows, page, lambda row: (row.service, row.kpi, row.starts_on, row.id))
