"""Recording, correcting and removing exchange rates, with their audit entries and events."""

from typing import Any
from uuid import UUID, uuid4

from catalog_api import rows
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.currencies import queries
from catalog_api.currencies.schemas import ExchangeRateCreate, ExchangeRatePatch
from catalog_api.registry import rules as registry_rules
from shared.errors import Conflict
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

_RESOURCE = "exchange_rate"
_SHOWN = ("from_currency", "to_currency", "rate", "valid_from")


async def create_rate(session: Session, caller: Principal, body: ExchangeRateCreate) -> Any:
    """A rate of a pair from a day on; 409 when there is one from that day."""
    identity, fields = uuid4(), body.model_dump()
    if not await queries.insert_rate(session, rows.new_row({**fields, "id": identity})):
        raise Conflict(
            f"{body.from_currency} to {body.to_currency} has a rate from {body.valid_from} on:"
            " correct that one",
            code="rate_exists",
            pointer="/valid_from",
        )
    change = ResourceChange(_RESOURCE, str(identity), "created", None, fields)
    await record_resource(session, caller, change)
    return await queries.get_rate(session, identity)


async def change_rate(
    session: Session, caller: Principal, rate: UUID, patch: ExchangeRatePatch, expected: int
) -> Any:
    """Correct a rate; nothing happens when nothing differs."""
    present = await queries.get_rate(session, rate, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_rate(session, rate, after)
    change = ResourceChange(_RESOURCE, str(rate), "changed", before, after)
    await record_resource(session, caller, change)
    return await queries.get_rate(session, rate)


async def remove_rate(session: Session, caller: Principal, rate: UUID) -> None:
    """Take back a rate; figures that need it have no value from now on."""
    present = await queries.get_rate(session, rate, lock=True)
    await queries.delete_rate(session, rate)
    before = {name: getattr(present, name) for name in _SHOWN}
    change = ResourceChange(_RESOURCE, str(rate), "removed", before, None)
    await record_resource(session, caller, change)
