"""Query parameters by which figures are asked for, here and in reports."""

from collections.abc import Collection
from typing import Annotated, Final

from fastapi import Query

from metrics_api.indicators.definitions import RecordKind
from metrics_api.indicators.kpis import KPIS
from shared.errors import Invalid
from shared.schemas.common import Timestamp
from shared.schemas.metrics import KpiId

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
        description="as it was known at this moment, exactly, however long it takes;"
        " of the KPIs of incidents",
        examples=["2016-04-01T00:00:00Z"],
    ),
]
ANSWERED_AS_OF: Final = tuple(
    kpi.id for kpi in KPIS.values() if kpi.of in {RecordKind.INCIDENT, RecordKind.PROBLEM}
)


def check_as_of(kpis: Collection[KpiId], pointer: str = "/query/kpi") -> None:
    """Raises Invalid for a KPI that is not answered as of a moment."""
    for kpi in kpis:
        if kpi not in ANSWERED_AS_OF:
            raise Invalid(
                f"{kpi.value} cannot be told as of a moment: only what is counted from incidents",
                code="no_as_of",
                pointer=pointer,
            )
