"""What a figure is of, how it is sliced, and which tables it is counted from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple


class ScopeKind(StrEnum):
    """A customer's figure covers the services it is engaged with, a vendor product's the records
    attributed to it; an unattributed record counts in `all` only (Records rule 18)."""

    SERVICE = "service"
    PORTFOLIO = "portfolio"
    VENDOR_PRODUCT = "vendor_product"
    CUSTOMER = "customer"
    ALL = "all"


class Slice(StrEnum):
    PRIORITY = "priority"
    CHANNEL = "channel"
    SOURCE = "source"
    TOUCHPOINT = "touchpoint"


@dataclass(frozen=True)
class Scope:
    """`key` is None for `all` only; `services` are those it covers, None where services do not
    decide (a vendor product, all)."""

    kind: ScopeKind
    key: str | None
    services: tuple[str, ...] | None


@dataclass(frozen=True)
class Relations:
    """The tables that end states and samples are read from, schema-qualified."""

    incident: str
    incident_transition: str
    request_record: str
    change_record: str
    outage: str
    survey: str
    infrastructure_event: str
    sli_sample: str
    sli_cell: str


LIVE: Final = Relations(
    incident="metrics.incident",
    incident_transition="metrics.incident_transition",
    request_record="metrics.request_record",
    change_record="metrics.change_record",
    outage="metrics.outage",
    survey="metrics.survey",
    infrastructure_event="metrics.infrastructure_event",
    sli_sample="metrics.sli_sample",
    sli_cell="metrics.sli_cell",
)
"""What is known now."""


Quantiles = tuple[float, float, float]
"""p50, p90 and p95 of durations in microseconds."""


class RecordSums(NamedTuple):
    """Sums of a KPI over one span, for one service or slice where it was asked so.

    `n` is the span's number; the figure is total / count in the KPI's unit; `percentiles` are of
    durations; `extras` are the parts of the figure by name.
    """

    service: str | None
    slice: str | None
    n: int
    total: int | Decimal
    count: int | Decimal  # type: ignore[assignment]  # instead of how often a tuple has a value
    records: int
    exclusions: Mapping[str, int]
    percentiles: Quantiles | None
    extras: Mapping[str, Any]
