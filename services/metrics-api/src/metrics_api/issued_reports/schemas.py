"""Issued reports on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, RootModel

from metrics_api.issued_reports.rules import ReportKind
from shared.kit.forms import Form
from shared.schemas.common import Key, Out, ShortText, Storable, Timestamp, Wire
from shared.schemas.metrics import KpiId

PeriodLabel = Annotated[str, Field(min_length=4, max_length=10), Storable]


class PerformanceParameters(Wire):
    """As of the live report, without pages: all rows are issued."""

    kpi: KpiId
    periods: Annotated[list[PeriodLabel], Field(min_length=1, max_length=400)]
    timezone: Annotated[str, Field(max_length=100), Storable] = "UTC"
    portfolio: Key | None = None


class QualityAndCostParameters(Wire):
    """As of the live report, without pages: all rows are issued."""

    kpis: Annotated[list[KpiId], Field(min_length=1, max_length=len(KpiId))]
    period: PeriodLabel
    timezone: Annotated[str, Field(max_length=100), Storable] = "UTC"
    portfolio: Key | None = None


class _Issue(Wire):
    title: ShortText
    as_of: Timestamp | None = None


class PerformanceIssue(_Issue):
    kind: Literal[ReportKind.PERFORMANCE]
    parameters: PerformanceParameters


class QualityAndCostIssue(_Issue):
    kind: Literal[ReportKind.QUALITY_AND_COST]
    parameters: QualityAndCostParameters


class IssuedReportCreate(
    RootModel[Annotated[PerformanceIssue | QualityAndCostIssue, Field(discriminator="kind")]]
):
    """What to freeze; with `as_of` as it was known at that moment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "performance",
                    "title": "Performance of the second quarter",
                    "parameters": {"kpi": "mttr", "periods": ["2016-Q1", "2016-Q2"]},
                },
                {
                    "kind": "quality_and_cost",
                    "title": "Quality and cost of the second quarter",
                    "parameters": {"kpis": ["mttr", "csat"], "period": "2016-Q2"},
                },
            ]
        }
    )


class IssuedDocumentOut(Out):
    format: Form
    media_type: str
    size: int = Field(description="bytes")
    sha256: str = Field(description="of the bytes, in hexadecimal")


class IssuedReportSummary(Out):
    id: UUID
    kind: ReportKind
    title: str
    as_of: datetime | None = Field(description="null: as it stood when it was issued")
    rows: int
    sha256: str = Field(description="of the JSON document, in hexadecimal; also the ETag")
    issued_at: datetime
    issued_by: str


class IssuedReportOut(IssuedReportSummary):
    parameters: PerformanceParameters | QualityAndCostParameters
    documents: list[IssuedDocumentOut]
