"""Delegations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from improvement_api.delegations.actions import give_delegation, revoke_delegation
from improvement_api.delegations.queries import (
    DelegationFilter,
    get_delegation,
    list_delegations,
    terms_of,
)
from improvement_api.delegations.rules import state_at
from improvement_api.delegations.schemas import DelegationCreate, DelegationOut, DelegationRevoke
from improvement_api.delegations.tables import Delegation
from improvement_api.gates.rules import Role
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page, ShortText, Timestamp

router = Router(prefix="/v1/delegations", tags=["delegations"])

GatesRead = Annotated[Principal, requires("gates:read")]
SignaturesWrite = Annotated[Principal, requires("signatures:write")]


@router.post("", status_code=201, operation_id="give_delegation", responses=problem_responses(409))
async def give(
    body: DelegationCreate,
    caller: SignaturesWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> DelegationOut:
    """Let a named person sign for a role that you hold, for at most a year.

    In person, and only for a role in your own token: what was delegated to you cannot be passed
    on. The signature will name both of you, and neither of you can then sign or decide as well.
    """
    delegation = await give_delegation(session, body, caller)
    response.headers["Location"] = f"/v1/delegations/{delegation.id}"
    return _out(delegation)


@router.get("", operation_id="list_delegations")
async def list_all(
    caller: GatesRead,
    session: Session,
    page: PageQuery,
    delegate: Annotated[ShortText | None, Query(description="to this person")] = None,
    delegator: Annotated[ShortText | None, Query(description="by this person")] = None,
    role: Annotated[Role | None, Query()] = None,
    valid_at: Annotated[Timestamp | None, Query(description="valid at this moment")] = None,
) -> Page[DelegationOut]:
    """Delegations, newest first."""
    wanted = DelegationFilter(delegate, delegator, role, valid_at)
    rows = await list_delegations(session, wanted, page)
    shown = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    items = [_out(row) for row in shown["items"]]
    return Page[DelegationOut](items=items, next_cursor=shown["next_cursor"])


@router.get("/{delegation_id}", operation_id="get_delegation", responses=problem_responses(404))
async def get_one(delegation_id: UUID, caller: GatesRead, session: Session) -> DelegationOut:
    """One delegation and whether it is valid now."""
    return _out(await get_delegation(session, delegation_id))


@router.post(
    "/{delegation_id}/revocation",
    operation_id="revoke_delegation",
    responses=problem_responses(404, 409),
)
async def revoke(
    delegation_id: UUID, body: DelegationRevoke, caller: SignaturesWrite, session: Session
) -> DelegationOut:
    """End a delegation at once, as its delegator or its delegate.

    Signatures given by it stay: whoever wants one back withdraws it.
    """
    return _out(await revoke_delegation(session, delegation_id, body, caller))


def _out(row: Delegation) -> DelegationOut:
    return DelegationOut(
        id=str(row.id),
        role=row.role,
        delegator=row.delegator,
        delegate=row.delegate,
        service=row.service,
        gate=row.gate,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        reason=row.reason,
        state=state_at(terms_of(row), now()),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )
