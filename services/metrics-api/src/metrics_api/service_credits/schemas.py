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
    kpi: KpiId | None = Field(description="what is promised; null: an SLI is")
    sli: str | None = Field(description="key of the SLI that is promised; its value is a ratio")
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
    reason: str | None = Field(
        description="why there was no figure: of a KPI as the KPI says; of an SLI unknown_sli (the"
        " service has none of this key), no_ratio (a threshold has no value of a period),"
        " not_summed (no SLO by occurrences looks at its samples), no_events",
        examples=["no_records"],
    )
    recorded_at: datetime = Field(description="when this was found; changes are recorded anew")
