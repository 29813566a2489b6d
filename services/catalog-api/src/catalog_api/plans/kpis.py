"""The KPIs that quality targets and critical success factors name, and the ranges of their units.

The ids are the product's canonical ones; metrics-api computes those it has records for.
"""

from decimal import Decimal
from enum import StrEnum


class Kpi(StrEnum):
    MTTR = "mttr"
    MTTR_BUSINESS = "mttr_business"
    MTTA = "mtta"
    MTBF = "mtbf"
    FCR = "fcr"
    REOPEN_RATE = "reopen_rate"
    BACKLOG = "backlog"
    INCIDENT_COUNT = "incident_count"
    AVAILABILITY = "availability"
    SLA_ATTAINMENT = "sla_attainment"
    CSAT = "csat"
    NPS = "nps"
    CHANGE_FAILURE_RATE = "change_failure_rate"
    UNPLANNED_OUTAGES = "unplanned_outages"
    LOW_VALUE_SHARE = "low_value_share"
    FULFILMENT_TIME = "fulfilment_time"
    PERMANENT_FIX_RATE = "permanent_fix_rate"


_RATIOS = {
    Kpi.FCR,
    Kpi.REOPEN_RATE,
    Kpi.AVAILABILITY,
    Kpi.SLA_ATTAINMENT,
    Kpi.CSAT,
    Kpi.CHANGE_FAILURE_RATE,
    Kpi.LOW_VALUE_SHARE,
    Kpi.PERMANENT_FIX_RATE,
}


def out_of_range(kpi: Kpi, value: Decimal) -> str | None:
    """What is wrong with a target value in the unit of its KPI; None when nothing is."""
    if kpi in _RATIOS and not 0 <= value <= 1:
        return f"{kpi} is a ratio from 0 to 1"
    if kpi is Kpi.NPS and not -100 <= value <= 100:
        return "nps lies between -100 and 100 points"
    if kpi is not Kpi.NPS and value < 0:
        return f"{kpi} cannot be negative"
    return None
