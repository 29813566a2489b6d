"""Recording charges and moving them: invoiced, recovered, cancelled."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from catalog_api import rows
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.charging import queries
from catalog_api.charging.rules import MOVES, ChargeState
from catalog_api.charging.schemas import ChargeCreate, ChargePatch
from catalog_api.customers.queries import known_keys as known_customers
from catalog_api.money import first_day
from catalog_api.refusals import refuse, unknown
from catalog_api.registry.queries import require_service
from shared.errors import Conflict, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move

_RESOURCE = "charge"


async def create_charge(session: Session, caller: Principal, key: str, body: ChargeCreate) -> Any:
    """A charge that was invoiced, or paid already; 409 when its reference is known."""
    await require_service(session, key)
    month, customer = first_day(body.month), body.customer
    _refuse_future(month, "/month")
    _refuse_future(body.recovered_on, "/recovered_on")
    if customer is not None and not await known_customers(session, {customer}):
        refuse([unknown("customer", "/customer", customer)])
    state = ChargeState.INVOICED if body.recovered_on is None else ChargeState.RECOVERED
    identity, fields = uuid4(), {**body.model_dump(), "state": state}
    own = {name: value for name, value in fields.items() if name not in ("month", "customer")}
    place = {"id": identity, "service_key": key, "month": month, "customer_key": customer}
    if not await queries.insert_charge(session, rows.new_row({**own, **place})):
        raise Conflict(
            f"The service {key} has a charge {body.reference} already",
            code="reference_taken",
            pointer="/reference",
        )
    change = ResourceChange(_RESOURCE, str(identity), "created", None, fields, service=key)
    await record_resource(session, caller, change)
    return await queries.get_charge(session, key, identity)


async def move_charge(
    session: Session, caller: Principal, where: tuple[str, UUID], patch: ChargePatch, expected: int
) -> Any:
    """Move a charge to another state; `where` is the service and the charge."""
    key, identity = where
    present = await queries.get_charge(session, key, identity, lock=True)
    check_version(expected, present.revision)
    wanted = named(patch)
    to = wanted.get("state", present.state)
    if to == present.state and wanted.get("recovered_on", present.recovered_on) == (
        present.recovered_on
    ):
        return present
    check_move("charge", MOVES, present.state, to)
    paid = _paid_on(to, wanted.get("recovered_on"))
    before = {"state": present.state, "recovered_on": present.recovered_on}
    after = {"state": to, "recovered_on": paid}
    await queries.change_charge(session, identity, after)
    change = ResourceChange(_RESOURCE, str(identity), to.value, before, after, service=key)
    await record_resource(session, caller, change)
    return await queries.get_charge(session, key, identity)


def _paid_on(to: ChargeState, day: date | None) -> date | None:
    """The day of payment: needed for what is recovered, and only there (422)."""
    if (to is ChargeState.RECOVERED) != (day is not None):
        raise Invalid(
            "recovered_on is the day a recovered charge was paid: give it with that state only",
            pointer="/recovered_on",
        )
    _refuse_future(day, "/recovered_on")
    return day


def _refuse_future(day: date | None, pointer: str) -> None:
    if day is not None and day > now().date():
        raise Invalid(f"{pointer[1:]} has not come yet", code="in_the_future", pointer=pointer)
