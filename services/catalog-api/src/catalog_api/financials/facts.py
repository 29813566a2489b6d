"""What tollgates may ask about the money of a service. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from catalog_api.benchmarks.rules import Measure
from catalog_api.fact_values import definition, known, unknown
from shared.schemas.common import FactValue

_YEAR = "over the last 12 whole months"

COST_DEFINITIONS = (
    definition("cost_items_count", "integer", "items", "Cost items that have not ended"),
    definition("cost_currency", "string", None, "Currency of the cost facts, ISO 4217"),
    definition(
        "own_cost_last_12_months", "number", "cost_currency", f"Cost of the service itself {_YEAR}"
    ),
    definition(
        "full_cost_last_12_months",
        "number",
        "cost_currency",
        f"Own cost and its share of every provider's (TCO) {_YEAR}",
    ),
    definition("unit_cost", "number", "cost_currency", f"Full cost for each unit {_YEAR}"),
    definition("recovery_ratio", "number", "ratio", f"Recovered charges / full cost {_YEAR}"),
    definition("consumption_recorded", "boolean", None, f"Users or units were recorded {_YEAR}"),
    definition(
        "cost_above_benchmark",
        "boolean",
        None,
        "The own figure is above the newest published cost it can be compared with",
    ),
)
CHARGING_DEFINITIONS = (
    definition("charging_model_defined", "boolean", None, "A charging model holds today"),
    definition("charging_model_kind", "string", None, "none, flat, per_user, per_unit or tiered"),
)
_COSTS = (Measure.UNIT_COST, Measure.USER_COST, Measure.MONTH_COST)


def cost_facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Every fact of COST_DEFINITIONS; they are reckoned today."""
    costs = section["last_12_months"]
    consumed = costs["consumed"]
    used = consumed["users"] > 0 or float(consumed["units"]) > 0
    currency = costs["currency"]
    return {
        "cost_items_count": known(section["cost_items"], now),
        "cost_currency": (
            unknown(costs["full"]["reason"], now) if currency is None else known(currency, now)
        ),
        "own_cost_last_12_months": _figure(costs["own"], now),
        "full_cost_last_12_months": _figure(costs["full"], now),
        "unit_cost": _figure(costs["unit_cost"], now),
        "recovery_ratio": _figure(costs["recovery_ratio"], now),
        "consumption_recorded": known(used, now),
        "cost_above_benchmark": _above(costs["benchmarks"], now),
    }


def charging_facts(section: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    """Every fact of CHARGING_DEFINITIONS, from the model that holds today."""
    if section is None:
        return {
            "charging_model_defined": known(False, now),
            "charging_model_kind": unknown("no charging model holds", now),
        }
    since = datetime.fromisoformat(section["created_at"])
    return {
        "charging_model_defined": known(True, since),
        "charging_model_kind": known(section["kind"], since),
    }


def _figure(figure: Mapping[str, Any], now: datetime) -> FactValue:
    if figure["value"] is None:
        return unknown(figure["reason"], now)
    return known(float(figure["value"]), now)


def _above(benchmarks: Sequence[Mapping[str, Any]], now: datetime) -> FactValue:
    comparable = [
        one
        for one in benchmarks
        if one["measure"] in _COSTS and one["difference"]["value"] is not None
    ]
    if not comparable:
        return unknown("there is no published cost that the own one can be compared with", now)
    newest = max(comparable, key=lambda one: (one["published_on"], one["id"]))
    return known(float(newest["difference"]["value"]) > 0, now)
