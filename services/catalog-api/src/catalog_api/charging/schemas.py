"""Charging models, consumption and charges on the wire; months are written 2026-03."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from catalog_api.charging.rules import ChargeState, ChargingKind
from catalog_api.charging.terms import Terms, Units
from catalog_api.money import Amount, Currency, Month
from shared.kit.patches import absent
from shared.schemas.common import Day, Key, Out, ShortText, Wire

Users = Annotated[int, Field(ge=0, le=1_000_000_000, examples=[120])]
Customer = Annotated[Key | None, Field(description="null: nobody in particular")]


def _month_of(day: object) -> object:
    return f"{day:%Y-%m}" if isinstance(day, date) else day


MonthOut = Annotated[str, BeforeValidator(_month_of), Field(examples=["2026-03"])]


class ChargingModelCreate(Wire):
    """How the service is charged from a month on; what was agreed before stays as it was."""

    valid_from: Month
    currency: Currency
    terms: Terms


class ChargingModelOut(Out):
    id: UUID
    valid_from: MonthOut
    kind: ChargingKind
    currency: str
    terms: Terms
    created_at: datetime


class ChargeLineOut(Out):
    what: str
    quantity: Decimal
    price: Decimal
    amount: Decimal


class ChargePreview(Out):
    """What a consumption would be charged; the amount is rounded half-even to the cent."""

    month: MonthOut
    users: int
    units: Decimal
    kind: ChargingKind
    currency: str
    amount: Decimal
    lines: list[ChargeLineOut]


class ConsumptionEntry(Wire):
    """What a customer used in a month; it replaces what was said of that month before."""

    month: Month
    customer: Customer = None
    users: Users
    units: Units


ConsumptionEntries = Annotated[list[ConsumptionEntry], Field(min_length=1, max_length=1000)]


class ConsumptionReply(Out):
    created: int
    changed: int
    unchanged: int


class ConsumptionOut(Out):
    id: UUID
    month: MonthOut
    customer: str | None
    users: int
    units: Decimal
    revision: int
    created_at: datetime
    updated_at: datetime


class ChargeCreate(Wire):
    """An amount invoiced for a month of service. The reference is the invoice's or its line's."""

    month: Month
    customer: Customer = None
    reference: Annotated[ShortText, Field(examples=["INV-2026-0042"])]
    amount: Amount
    currency: Currency
    recovered_on: Annotated[
        Day | None, Field(description="day it was paid, where that is known already")
    ] = None


class ChargePatch(Wire):
    """Move a charge: `recovered` needs the day it was paid on, `cancelled` takes it back."""

    state: ChargeState = absent()
    recovered_on: Day = absent()


class ChargeOut(Out):
    id: UUID
    month: MonthOut
    customer: str | None
    reference: str
    amount: Decimal
    currency: str
    state: ChargeState
    recovered_on: date | None
    revision: int
    created_at: datetime
    updated_at: datetime
