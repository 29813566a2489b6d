"""SQL of whether a service has any record that a KPI looks at: which rows a report has. Pure."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import LIVE, Relations
from metrics_api.record_kpis.stretches import FIRST_MOMENT
from metrics_api.record_kpis.tallies import TALLIES
from shared.schemas.metrics import KpiId


@lru_cache(maxsize=256)
def has_record(kpi: KpiId, service: str, relations: Relations = LIVE) -> str:
    """SQL of whether the service that an expression names has a record in any of the spans.

    One probe of an index for each span and kind of stamp; see presence_parameters.
    """
    found = " OR ".join(
        f"""EXISTS (
        SELECT FROM unnest(CAST(:presence_low AS timestamptz[]),
                           CAST(:presence_high AS timestamptz[])) AS spanned (low, high)
        JOIN {getattr(relations, relation)} r ON r.service = {service} AND {condition})"""
        for relation, condition in _looks_at(kpi)
    )
    return f"({found})"


def presence_parameters(spans: Sequence[Span], now: datetime) -> dict[str, Any]:
    """What has_record is told."""
    return {
        "presence_low": [span.start or FIRST_MOMENT for span in spans],
        "presence_high": [span.end for span in spans],
        "presence_now": now,
    }


def _looks_at(kpi: KpiId) -> list[tuple[str, str]]:
    """Tables and the condition on their records `r` to be in the span `spanned`."""
    match kpi:
        case KpiId.AVAILABILITY | KpiId.MTBF | KpiId.UNPLANNED_OUTAGES:
            lasting = "coalesce(r.ended_at, CAST(:presence_now AS timestamptz)) > spanned.low"
            within = f"r.started_at < spanned.high AND (r.started_at >= spanned.low OR {lasting})"
            return [("outage", within)]
        case KpiId.LOW_VALUE_SHARE:
            return [("request_record", _in("r.opened_at"))]
        case KpiId.PERMANENT_FIX_RATE:
            return [("incident", f"r.problem IS NOT NULL AND {_in('r.resolution_at')}")]
        case _:
            tallies = TALLIES[kpi]
            return [(tally.relation, f"{tally.where} AND {_in(tally.at)}") for tally in tallies]


def _in(at: str) -> str:
    return f"{at} >= spanned.low AND {at} < spanned.high"
