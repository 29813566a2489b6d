"""Recording obligations and the evidence that they are met."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.obligations import queries
from catalog_api.obligations.schemas import EvidenceCreate, ObligationCreate, ObligationPatch
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from shared.errors import Conflict
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

MAX_EVIDENCE = 100


async def create_obligation(session: Session, caller: Principal, body: ObligationCreate) -> Any:
    """A new obligation; 409 when the service has that clause already."""
    if not await registry_queries.known_keys(session, {body.service}):
        refuse([unknown("service", "/service", body.service)])
    fields = body.model_dump()
    obligation_id = uuid4()
    own = {name: value for name, value in fields.items() if name != "service"}
    row = {**own, "id": obligation_id, "service_key": body.service}
    if not await queries.insert_obligation(session, row):
        present = await queries.obligation_of_clause(
            session, body.service, body.standard, body.clause
        )
        raise Conflict(
            f"{body.service} has the obligation {body.standard} {body.clause} already: {present}",
            code="obligation_exists",
            obligation=present,
        )
    obligation = await queries.get_obligation(session, obligation_id)
    await _record(session, caller, obligation, "created", None, fields)
    return obligation


async def change_obligation(
    session: Session,
    caller: Principal,
    obligation_id: UUID,
    patch: ObligationPatch,
    expected: int,
) -> Any:
    """Change the named fields, or end it with a reason."""
    obligation = await queries.get_obligation(session, obligation_id, lock=True)
    check_version(expected, obligation.revision)
    wanted = named(patch)
    changed = registry_rules.changes(obligation._asdict(), wanted)
    if not changed:
        return obligation
    after = registry_rules.after_of(changed)
    await queries.change_obligation(session, obligation_id, after)
    before = registry_rules.before_of(changed)
    await _record(session, caller, obligation, "changed", before, after)
    return await queries.get_obligation(session, obligation_id)


async def add_evidence(
    session: Session, caller: Principal, obligation_id: UUID, body: EvidenceCreate
) -> Any:
    """Add a document that shows the obligation met."""
    obligation = await queries.get_obligation(session, obligation_id, lock=True)
    if len(obligation.evidence) >= MAX_EVIDENCE:
        raise Conflict(
            f"An obligation has at most {MAX_EVIDENCE} pieces of evidence: remove one that expired",
            code="too_much_evidence",
        )
    fields = body.model_dump()
    evidence = {"id": uuid4(), **fields}
    stamps = {"added_by": caller.person, "added_at": now()}
    await queries.insert_evidence(session, {**evidence, **stamps, "obligation_id": obligation_id})
    await queries.change_obligation(session, obligation_id, {})
    after = {"evidence": evidence}
    await _record(session, caller, obligation, "evidence_added", None, after)
    return await queries.get_obligation(session, obligation_id)


async def remove_evidence(
    session: Session, caller: Principal, obligation_id: UUID, evidence_id: UUID
) -> None:
    """Take a piece of evidence away; the audit trail keeps what it was."""
    obligation = await queries.get_obligation(session, obligation_id, lock=True)
    removed = await queries.delete_evidence(session, obligation_id, evidence_id)
    await queries.change_obligation(session, obligation_id, {})
    before = {"evidence": removed}
    await _record(session, caller, obligation, "evidence_removed", before, None)


async def _record(
    session: Session,
    caller: Principal,
    obligation: Any,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    key = str(obligation.id)
    change = ResourceChange("obligation", key, action, before, after, obligation.service)
    await record_resource(session, caller, change)
