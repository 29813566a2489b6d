"""Query parameters of the tiers."""

from typing import Annotated

from fastapi import Query

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
