"""Adding and removing external references; each change is announced, so that copies follow."""

from typing import Any
from uuid import UUID

from catalog_api.changes import Change, record_change
from catalog_api.references import queries, rules
from catalog_api.registry import queries as registry_queries
from shared.errors import Conflict, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.catalog import Reference

_FIELD = "external_references"


async def add_reference(
    session: Session, caller: Principal, key: str, reference: Reference
) -> tuple[Any, bool]:
    """The service's reference and whether it is new; 409 when another service has it."""
    if rules.names_nothing(reference.name):
        raise Invalid(rules.NO_NAME, pointer="/name")
    await queries.lock_names(session, references=True)
    await registry_queries.lock_service(session, key)
    (holder,) = await queries.holders_of(session, key, [reference])
    if holder == key:
        return await queries.find_reference(session, key, reference), False
    if holder is not None:
        raise Conflict(
            f"{reference.name} names the service {holder} already",
            code="reference_taken",
            pointer="/name",
            service=holder,
        )
    moment = now()
    await queries.insert_references(session, key, [reference], moment)
    await registry_queries.change_service(session, key, {}, moment, also=[_FIELD])
    after = {_FIELD: [reference.model_dump()]}
    await record_change(session, caller, key, Change("reference_added", None, after))
    return await queries.find_reference(session, key, reference), True


async def remove_reference(session: Session, caller: Principal, key: str, reference: UUID) -> None:
    """Take a reference away; 404 when the service has none of that id."""
    await registry_queries.lock_service(session, key)
    removed = await queries.delete_reference(session, key, reference)
    await registry_queries.change_service(session, key, {}, now(), also=[_FIELD])
    before = {_FIELD: [{"source": removed.source, "name": removed.name}]}
    await record_change(session, caller, key, Change("reference_removed", before, None))
