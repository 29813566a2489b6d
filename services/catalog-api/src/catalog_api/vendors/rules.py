"""What the dates of a vendor product say of it."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from shared.errors import FieldError


class ProductState(StrEnum):
    """Derived from today's date; the last one that is true."""

    ACTIVE = "active"
    EXPIRING = "expiring"  # its contract ends within the renewal notice
    EXPIRED = "expired"  # its contract has ended
    END_OF_LIFE = "end_of_life"  # the vendor no longer supports it


class CostPeriod(StrEnum):
    MONTH = "month"
    YEAR = "year"


def contract_errors(product: Mapping[str, Any]) -> list[FieldError]:
    """A contract ends on the day it begins, or later."""
    begins: date | None = product["contract_from"]
    ends: date | None = product["contract_to"]
    if begins is None or ends is None or ends >= begins:
        return []
    return [FieldError("/contract_to", f"lies before contract_from, {begins}", "before_begin")]


def as_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The wire's `cost`, an object or null, as the three columns that are set together."""
    columns = dict(fields)
    if "cost" in columns:
        cost = columns.pop("cost") or {}
        columns |= {f"cost_{part}": cost.get(part) for part in ("amount", "currency", "period")}
    return columns
