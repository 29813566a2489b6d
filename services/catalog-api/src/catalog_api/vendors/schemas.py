"""Vendor products on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from catalog_api.money import Amount, Currency
from catalog_api.vendors.rules import CostPeriod, ProductState
from shared.kit.patches import absent
from shared.schemas.common import EXACT, Day, Key, LongText, Out, ShortText, Wire

NoticeDays = Annotated[
    int, Field(ge=0, le=3650, description="days before contract_to on which one must decide")
]
Hours = Annotated[
    Decimal,
    Field(
        ge=0,
        max_digits=12,
        decimal_places=4,
        description="hours until the vendor, by contract, has it working again",
        examples=[4],
    ),
    EXACT,
]


class VendorCost(Wire):
    """What the contract costs in each period."""

    amount: Amount
    currency: Currency
    period: CostPeriod


class VendorProductCreate(Wire):
    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["PostgreSQL support"])]
    vendor: Annotated[ShortText, Field(examples=["Example Databases AG"])]
    description: LongText = ""
    contract_from: Day | None = None
    contract_to: Annotated[Day | None, Field(description="last day of the contract")] = None
    renewal_notice_days: NoticeDays = 90
    cost: VendorCost | None = None
    end_of_life_on: Annotated[
        Day | None, Field(description="first day on which the vendor no longer supports it")
    ] = None
    recovery_time_hours: Hours | None = None


class VendorProductPatch(Wire):
    """The fields to change; those left out stay as they are."""

    name: ShortText = absent()
    vendor: ShortText = absent()
    description: LongText = absent()
    contract_from: Day | None = absent()
    contract_to: Day | None = absent()
    renewal_notice_days: NoticeDays = absent()
    cost: VendorCost | None = absent()
    end_of_life_on: Day | None = absent()
    recovery_time_hours: Hours | None = absent()


class VendorCostOut(Out):
    amount: Decimal
    currency: str
    period: CostPeriod


class VendorProductOut(Out):
    key: str
    name: str
    vendor: str
    description: str
    contract_from: date | None
    contract_to: date | None
    renewal_notice_days: int
    cost: VendorCostOut | None
    end_of_life_on: date | None
    recovery_time_hours: float | None = Field(description="contractual; null when none is agreed")
    state: ProductState = Field(description="derived from today's date (UTC)")
    revision: int
    created_at: datetime
    updated_at: datetime
