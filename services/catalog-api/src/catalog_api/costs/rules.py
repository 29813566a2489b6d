"""What a cost item is."""

from enum import StrEnum


class CostKind(StrEnum):
    OPEX = "opex"
    CAPEX = "capex"


class CostCategory(StrEnum):
    LABOUR = "labour"
    HARDWARE = "hardware"
    SOFTWARE = "software"
    VENDOR = "vendor"
    FACILITY = "facility"
    OTHER = "other"


class Interval(StrEnum):
    """How often the amount of an opex item falls due."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ONCE = "once"
