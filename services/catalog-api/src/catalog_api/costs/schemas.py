"""Cost items on the wire: running cost and investments have fields of their own."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, RootModel, model_validator

from catalog_api.costs.rules import CostCategory, CostKind, Interval
from catalog_api.money import Amount, Currency
from shared.kit.patches import absent
from shared.schemas.common import Day, Out, ShortText, Wire

FirstDay = Annotated[Day, Field(description="first day of opex; capex: day of acquisition")]
LastDay = Annotated[
    Day,
    Field(
        description="last day of opex; capex: day of disposal, on which the rest is written off."
        " The day before starts_on: the item never counted"
    ),
]
AmortisationMonths = Annotated[int, Field(ge=1, le=600)]


class _Dated(Wire):
    name: Annotated[ShortText, Field(examples=["Two administrators"])]
    category: CostCategory
    currency: Currency
    starts_on: FirstDay
    ends_on: LastDay | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> "_Dated":
        if self.ends_on is not None and self.ends_on < self.starts_on - timedelta(days=1):
            raise ValueError("ends_on must not be before the day before starts_on")
        return self


class OpexCreate(_Dated):
    """A running cost; each month bears its part of a quarter or year, each day of a month alike."""

    kind: Literal[CostKind.OPEX]
    amount: Amount
    per: Annotated[Interval, Field(description="`once` falls on starts_on")]


class CapexCreate(_Dated):
    """An investment, amortised in equal months from the month of its acquisition on."""

    kind: Literal[CostKind.CAPEX]
    amount: Annotated[Amount, Field(description="price paid")]
    amortisation_months: AmortisationMonths
    residual_value: Annotated[Amount, Field(description="what is left of the price in the end")] = (
        Decimal(0)
    )

    @model_validator(mode="after")
    def _residual_within_amount(self) -> "CapexCreate":
        if self.residual_value > self.amount:
            raise ValueError("residual_value must not be more than amount")
        return self


class CostItemCreate(RootModel[Annotated[OpexCreate | CapexCreate, Field(discriminator="kind")]]):
    """A cost of the service itself; what its providers cost comes by its dependencies."""


class CostItemPatch(Wire):
    """The fields to change; the result must be a whole item of its kind."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "1300.00"}]})

    name: ShortText = absent()
    category: CostCategory = absent()
    currency: Currency = absent()
    amount: Amount = absent()
    starts_on: FirstDay = absent()
    ends_on: LastDay | None = absent()
    per: Interval = absent()
    amortisation_months: AmortisationMonths = absent()
    residual_value: Amount = absent()


class CostItemOut(Out):
    id: UUID
    name: str
    category: CostCategory
    kind: CostKind
    amount: Decimal
    currency: str
    per: Interval | None = Field(description="null for capex")
    starts_on: date
    ends_on: date | None
    amortisation_months: int | None = Field(description="null for opex")
    residual_value: Decimal | None = Field(description="null for opex")
    revision: int
    created_at: datetime
    updated_at: datetime
