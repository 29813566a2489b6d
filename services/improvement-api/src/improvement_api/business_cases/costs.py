"""What the services of a case cost now, as the catalog told it when the text was written."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from pydantic import Field, TypeAdapter

from improvement_api.business_cases.analysis import YearlyCost
from shared.schemas.catalog_digests import CostTrend
from shared.schemas.common import Out


class CostSnapshot(Out):
    """The full cost (TCO) of a service in the last twelve whole months, kept with the version."""

    service: str
    currency: str
    first_month: str | None = Field(examples=["2025-04"])
    last_month: str | None
    full: Decimal | None
    reason: str | None = Field(description="why there is no cost")
    as_of: datetime = Field(description="when the catalog was asked")


SNAPSHOTS: TypeAdapter[list[CostSnapshot]] = TypeAdapter(list[CostSnapshot])


def snapshot_of(trend: CostTrend, currency: str, at: datetime) -> CostSnapshot:
    """The months' full costs as one figure; one that is missing leaves no sum. Pure."""
    months = trend.months
    missing = [f"{one.month}: {one.full.reason}" for one in months if one.full.value is None]
    if trend.currency not in (currency, None):
        missing.insert(0, f"the catalog told it in {trend.currency}")
    if not months:
        missing = ["the catalog told no month"]
    values = (one.full.value for one in months if one.full.value is not None)
    return CostSnapshot(
        service=trend.service,
        currency=currency,
        first_month=months[0].month if months else None,
        last_month=months[-1].month if months else None,
        full=None if missing else sum(values, Decimal(0)),
        reason=missing[0] if missing else None,
        as_of=at,
    )


def yearly_costs(snapshots: Sequence[CostSnapshot]) -> list[YearlyCost]:
    return [YearlyCost(one.service, one.full, one.reason) for one in snapshots]
