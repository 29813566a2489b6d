"""Exchange rates on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from catalog_api.money import Currency
from shared.kit.patches import absent
from shared.schemas.common import EXACT, Day, Out, Wire

RateValue = Annotated[
    Decimal,
    Field(
        gt=0,
        max_digits=20,
        decimal_places=10,
        description="what one unit of from_currency is worth in to_currency",
        examples=["0.94"],
    ),
    EXACT,
]


class ExchangeRateCreate(Wire):
    """Holds from a day on until the next rate of the pair; inverted where that is asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from_currency": "USD",
                    "to_currency": "EUR",
                    "rate": "0.94",
                    "valid_from": "2026-03-01",
                }
            ]
        }
    )

    from_currency: Currency
    to_currency: Currency
    rate: RateValue
    valid_from: Day

    @model_validator(mode="after")
    def _two_currencies(self) -> "ExchangeRateCreate":
        if self.from_currency == self.to_currency:
            raise ValueError("from_currency and to_currency must differ")
        return self


class ExchangeRatePatch(Wire):
    """A correction: the figures that were reckoned with the rate change with it."""

    rate: RateValue = absent()


class ExchangeRateOut(Out):
    id: UUID
    from_currency: str
    to_currency: str
    rate: Decimal
    valid_from: date
    revision: int
    created_at: datetime
    updated_at: datetime
