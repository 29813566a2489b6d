"""The report on outcomes on the wire."""

from datetime import date, datetime

from pydantic import Field

from shared.schemas.common import Out


class OutcomeOut(Out):
    id: str = Field(examples=["csat_change"])
    name: str
    unit: str = Field(description="ratio, points or outages")
    value: float | None
    first: float | None = Field(description="of the first quarter, where it is a change")
    last: float | None = Field(description="of the last quarter, where it is a change")
    n: int = Field(description="what it was counted from, as the formula says")
    formula: str
    source: str = Field(description="service and call that gave the figures")
    reason: str | None = Field(description="why there is no value")


class OutcomesReport(Out):
    months: int
    first_day: date
    last_day: date
    first_quarter: str | None = Field(description="first whole quarter of the months")
    last_quarter: str | None
    as_of: datetime
    items: list[OutcomeOut]
