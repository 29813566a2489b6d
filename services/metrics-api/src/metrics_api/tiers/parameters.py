"""Query parameters of the tiers."""

from typing import Annotated

from fastapi import Depends, Query

from metrics_api.indicators.parameters import AsOf, TimeZone
from metrics_api.indicators.periods import parse_period, parse_zone
from metrics_api.tiers.asking import Asked, PeriodAsked
from shared.kit.clock import now

PeriodLabel = Annotated[
    str,
    Query(
        max_length=20,
        description="2016, 2016-Q1, 2016-03, 2016-W05 (ISO) or 2016-03-01",
        examples=["2016-Q1"],
    ),
]
RecordLimit = Annotated[
    int, Query(ge=0, le=50, description="records under each node that is red by itself")
]


async def period_asked(
    period: PeriodLabel, timezone: TimeZone = "UTC", as_of: AsOf = None
) -> PeriodAsked:
    moment = as_of or now()
    found = parse_period(period.strip(), parse_zone(timezone), moment, "/query/period")
    return PeriodAsked(found, timezone, moment, as_of)


PeriodQuery = Annotated[PeriodAsked, Depends(period_asked)]


async def tree_asked(asked: PeriodQuery, records: RecordLimit = 10) -> Asked:
    return Asked(asked.period, asked.timezone, asked.now, asked.as_of, records)


TreeQuery = Annotated[Asked, Depends(tree_asked)]
