"""What is copied of each kind of resource: the part of the catalog's replies that matters here."""

from datetime import date
from uuid import UUID

from shared.schemas.agreements import AgreementVersionOut, CalendarVersionOut, SchemeVersionOut
from shared.schemas.catalog import Criticality, SupportHours
from shared.schemas.common import Out


class CustomerCopy(Out):
    key: str
    name: str
    active: bool


class EngagementCopy(Out):
    """Its key is the engagement's id; `engaged_to` is the first day without."""

    customer: str
    service: str
    engaged_from: date
    engaged_to: date | None


class VitalActivityCopy(Out):
    key: str
    customer: str
    name: str
    criticality: Criticality
    active: bool


class VitalSupportCopy(Out):
    """Its key is `vital_activity/service`; strength is essential, important or helpful."""

    vital_activity: str
    service: str
    strength: str


class VendorProductCopy(Out):
    key: str
    name: str
    vendor: str


class TouchpointCopy(Out):
    key: str
    name: str
    channel: str
    active: bool


class ObjectiveCopy(Out):
    key: str
    name: str
    layer: str


class SchemeChoiceCopy(Out):
    """Which scheme holds for a service; key and service are empty for the default."""

    service: str
    scheme: str


class SupportHoursCopy(Out):
    """The support hours that the catalog has for a service; its key is the service's."""

    service: str
    support_hours: SupportHours


class BenchmarkCopy(Out):
    """A benchmark of the industry for a service; its key is `service/id`."""

    service: str
    measure: str
    value: str
    currency: str | None
    unit: str
    source: str
    published_on: date


class FigureCopy(Out):
    """A decimal, or none and the reason."""

    value: str | None
    reason: str | None


class MonthsCopy(Out):
    """Whole calendar months; `last_day` is null only in a period that has not begun."""

    label: str
    first_day: date
    last_day: date | None
    complete: bool


class ComparisonCopy(Out):
    """How far a service's own figure is from a benchmark (its id)."""

    benchmark: UUID
    difference: FigureCopy
    relative_difference: FigureCopy


class PeriodCostsCopy(Out):
    """What a service costs in a period; see the catalog's cost summaries for the formulas."""

    period: MonthsCopy
    currency: str | None
    full: FigureCopy
    month_cost: FigureCopy
    unit_cost: FigureCopy
    user_cost: FigureCopy
    recovery_ratio: FigureCopy
    comparisons: list[ComparisonCopy]


class CostSummaryCopy(Out):
    """The last whole twelve months, month, quarter and year; its key is the service's."""

    service: str
    periods: list[PeriodCostsCopy]


KINDS: dict[str, type[Out]] = {
    "customer": CustomerCopy,
    "engagement": EngagementCopy,
    "vital_activity": VitalActivityCopy,
    "vital_support": VitalSupportCopy,
    "vendor_product": VendorProductCopy,
    "touchpoint": TouchpointCopy,
    "objective": ObjectiveCopy,
    "support_hours": SupportHoursCopy,
    "scheme_choice": SchemeChoiceCopy,
    # Keys are `key@version`: versions never change.
    "calendar_version": CalendarVersionOut,
    "scheme_version": SchemeVersionOut,
    # Of agreements the newest state of each version; its key is `agreement@version`.
    "agreement_version": AgreementVersionOut,
    "benchmark": BenchmarkCopy,
    "cost_summary": CostSummaryCopy,
}
"""What is kept of each kind."""
