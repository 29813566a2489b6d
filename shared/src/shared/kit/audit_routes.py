"""The audit trail of a service over HTTP: by resource, field, person and time, newest first."""

from typing import Annotated, Any

from fastapi import Depends, Query

from shared.kit import audit
from shared.kit.audit import AuditEntryOut, AuditFilters
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.routing import Router
from shared.schemas.common import Page, ShortText, Timestamp

router = Router(prefix="/v1/audit", tags=["audit"])

AuditRead = Annotated[Principal, requires("audit:read")]


async def audit_filters(
    resource: Annotated[ShortText | None, Query(description="such as service or plan")] = None,
    key: Annotated[ShortText | None, Query(description="which one")] = None,
    field: Annotated[ShortText | None, Query(description="entries that concern it")] = None,
    action: Annotated[ShortText | None, Query(description="such as created or changed")] = None,
    person: Annotated[
        ShortText | None, Query(description="who did it, or on whose behalf it was done")
    ] = None,
    since: Annotated[Timestamp | None, Query(description="from then on")] = None,
    until: Annotated[Timestamp | None, Query(description="before then")] = None,
) -> AuditFilters:
    return AuditFilters(resource, key, field, action, person, since, until)


@router.get("", operation_id="list_audit_entries", response_model=Page[AuditEntryOut])
async def list_audit_entries(
    session: Session,
    caller: AuditRead,
    filters: Annotated[AuditFilters, Depends(audit_filters)],
    page: PageQuery,
) -> Any:
    """Who changed what, when, from what to what, on whose behalf."""
    rows = await audit.entries(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.id,))
