"""Wire models of service credits."""

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from shared.schemas.agreements import Basis
from shared.schemas.common import Out
from shared.schemas.metrics import Comparator, KpiId


class ServiceCreditOut(Out):
    """What is due for one period of a guaranteed target, with the figures it was computed from."""

    agreement: str
    version: int
    target: str = Field(description="id of the target in the agreement")
    service: str
    period: str
    period_start: datetime
    period_end: datetime
    kpi: KpiId
    priority: int | None = Field(description="only records of this priority; null is all")
    comparator: Comparator
    target_value: float
    value: float | None = Field(description="of the period; null: there was no figure")
    count: int = Field(description="records that the value is of")
    missed: bool | None = Field(description="null: there was no figure to judge")
    worse_than: float | None = Field(description="of the tier that decided; null: nothing is due")
    credit: Decimal = Field(description="percent of the period's charge, or an amount, by basis")
    basis: Basis
    currency: str | None
    reason: str | None = Field(description="why there was no figure", examples=["no_records"])
    recorded_at: datetime = Field(description="when this was found; changes are recorded anew")
