"""Query parameters by which figures are asked for, here and in reports."""

from typing import Annotated

from fastapi import Query

from shared.schemas.common import Timestamp

PeriodList = Annotated[
    str,
    Query(
        max_length=5000,
        description="comma-separated: 2016, 2016-Q1, 2016-03, 2016-W05 (ISO), 2016-03-01",
        examples=["2016-Q1,2016-Q2"],
    ),
]
TimeZone = Annotated[
    str, Query(max_length=100, description="IANA time zone", examples=["Europe/Vienna"])
]
AsOf = Annotated[
    Timestamp | None,
    Query(
        description="as it was known at this moment, exactly, however long it takes",
        examples=["2016-04-01T00:00:00Z"],
    ),
]
