"""Charging models and consumption: recorded once, audited, charged by the tariff."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from catalog_api import rows
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.charging import queries
from catalog_api.charging.rules import model_on
from catalog_api.charging.schemas import (
    ChargeLineOut,
    ChargePreview,
    ChargingModelCreate,
    ConsumptionEntry,
    ConsumptionReply,
)
from catalog_api.charging.tariffs import charge_lines, charge_of
from catalog_api.charging.terms import KeptTerms
from catalog_api.customers.queries import known_keys as known_customers
from catalog_api.money import first_day, rounded
from catalog_api.refusals import refuse, unknown
from catalog_api.registry.queries import lock_service, require_service
from shared.errors import Conflict, FieldError, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session


async def create_model(
    session: Session, caller: Principal, key: str, body: ChargingModelCreate
) -> Any:
    """How a service is charged from a month on: later than every model it has (409).

    The locked service row lets one model be added at a time.
    """
    await lock_service(session, key)
    begins = first_day(body.valid_from)
    models = await queries.models_of(session, key)
    if models and begins <= models[-1].valid_from:
        raise Conflict(
            f"A charging model holds from {models[-1].valid_from:%Y-%m} on: a new one begins later",
            code="not_after_newest",
            pointer="/valid_from",
            newest=f"{models[-1].valid_from:%Y-%m}",
        )
    identity = uuid4()
    row = {
        "id": identity,
        "service_key": key,
        "valid_from": begins,
        "kind": body.terms.kind,
        "currency": body.currency,
        "terms": body.terms.model_dump(mode="json"),
        "created_at": now(),
    }
    await queries.insert_model(session, row)
    change = ResourceChange(
        "charging_model", str(identity), "created", None, body.model_dump(), service=key
    )
    await record_resource(session, caller, change)
    return await queries.get_model(session, key, identity)


async def remove_model(session: Session, caller: Principal, key: str, model: UUID) -> None:
    """Take back a model that has not begun; one that has is what customers were charged by."""
    await lock_service(session, key)
    present = await queries.get_model(session, key, model)
    if present.valid_from <= now().date():
        raise Conflict(
            f"The model holds since {present.valid_from:%Y-%m}: it is replaced by a new one,"
            " not removed",
            code="already_in_force",
        )
    await queries.delete_model(session, model)
    before = {
        "valid_from": present.valid_from,
        "currency": present.currency,
        "terms": present.terms,
    }
    change = ResourceChange("charging_model", str(model), "removed", before, None, service=key)
    await record_resource(session, caller, change)


async def preview_charge(
    session: Session, key: str, month: date, users: int, units: Decimal
) -> ChargePreview:
    """What one customer would be charged for a month of that consumption; 404 without a model."""
    await require_service(session, key)
    model = model_on(await queries.models_of(session, key), month)
    if model is None:
        raise NotFound(
            f"The service {key} has no charging model in {month:%Y-%m}", code="no_charging_model"
        )
    terms = KeptTerms.model_validate(model.terms).root
    lines = [
        ChargeLineOut(
            what=line.what,
            quantity=rounded(line.quantity, 4),
            price=rounded(line.price, 4),
            amount=rounded(line.amount),
        )
        for line in charge_lines(terms, users, units)
    ]
    return ChargePreview(
        month=f"{month:%Y-%m}",
        users=users,
        units=units,
        kind=model.kind,
        currency=model.currency,
        amount=rounded(charge_of(terms, users, units)),
        lines=lines,
    )


async def record_consumption(
    session: Session, caller: Principal, key: str, entries: Sequence[ConsumptionEntry]
) -> ConsumptionReply:
    """Say what was used: all of it, or nothing and every bad entry is named (422).

    The locked service row lets one bulk be written at a time, so that the audit is right.
    """
    await lock_service(session, key)
    places = [(first_day(entry.month), entry.customer) for entry in entries]
    await _refuse_bad_entries(session, places)
    present = await queries.consumption_at(session, key, {month for month, _ in places})
    written, changes = [], []
    for place, entry in zip(places, entries, strict=True):
        known = present.get(place)
        after = {"users": entry.users, "units": entry.units}
        before = None if known is None else {"users": known.users, "units": known.units}
        if before == after:
            continue
        row = {"id": uuid4(), "service_key": key, "month": place[0], "customer_key": place[1]}
        written.append(rows.new_row({**row, **after}))
        action = "created" if known is None else "changed"
        named = f"{key}/{entry.month}/{entry.customer or ''}"
        whose = {"month": entry.month, "customer": entry.customer}
        changes.append(
            ResourceChange("consumption", named, action, before, {**whose, **after}, service=key)
        )
    await queries.write_consumption(session, written)
    await record_resource(session, caller, *changes)
    created = sum(change.action == "created" for change in changes)
    return ConsumptionReply(
        created=created,
        changed=len(changes) - created,
        unchanged=len(entries) - len(changes),
    )


async def _refuse_bad_entries(session: Session, places: Sequence[tuple[date, str | None]]) -> None:
    customers = {customer for _, customer in places if customer is not None}
    known = await known_customers(session, customers)
    today, seen = now().date(), set[tuple[date, str | None]]()
    errors: list[FieldError] = []
    for position, (month, customer) in enumerate(places):
        if month > today:
            errors.append(FieldError(f"/{position}/month", "has not begun", "in_the_future"))
        if customer is not None and customer not in known:
            errors.append(unknown("customer", f"/{position}/customer", customer))
        if (month, customer) in seen:
            detail = "month and customer stand in this list twice"
            errors.append(FieldError(f"/{position}", detail, "repeated"))
        seen.add((month, customer))
    refuse(errors)
