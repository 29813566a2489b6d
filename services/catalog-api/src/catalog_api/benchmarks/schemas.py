"""Benchmarks on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from catalog_api.benchmarks.rules import Measure
from catalog_api.money import Amount, Currency
from shared.schemas.common import Day, Out, ShortText, Storable, Wire

WebAddress = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000),
    Storable,
    Field(examples=["https://example.org/benchmarks/2026"]),
]


class BenchmarkCreate(Wire):
    """A figure of the industry; a ratio has no currency, every other measure has one."""

    measure: Measure
    value: Amount
    currency: Currency | None = None
    unit: Annotated[ShortText, Field(examples=["EUR per mailbox and month"])]
    source: Annotated[ShortText, Field(examples=["IT spending survey 2026"])]
    published_on: Day
    url: WebAddress | None = None

    @model_validator(mode="after")
    def _currency_of_money(self) -> "BenchmarkCreate":
        if (self.currency is None) != (self.measure is Measure.RECOVERY_RATIO):
            raise ValueError("every measure but recovery_ratio has a currency")
        return self


class BenchmarkOut(Out):
    id: UUID
    measure: Measure
    value: Decimal
    currency: str | None
    unit: str
    source: str
    published_on: date
    url: str | None
    created_at: datetime
