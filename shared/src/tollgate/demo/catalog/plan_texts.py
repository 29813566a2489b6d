"""What the demo's plans say."""

from datetime import date, timedelta
from typing import Any, NamedTuple


class Item(NamedTuple):
    """A capability of a roadmap."""

    id: str
    capability: str
    in_days: int
    cost: str
    status: str = "planned"


def hub_strategy(until: date) -> dict[str, Any]:
    return {
        "kind": "strategy",
        "why": "Employees look in five places for a form, and the intranet cannot be kept.",
        "outcomes": [
            "Joiners find everything on their first day",
            "Half of the questions to the service desk are answered without it",
        ],
        "objectives": ["first-day-ready", "cheaper-workplace"],
        "target_customers": ["human-resources", "sales", "production"],
        "available_from": _in_days(until, 150),
        "requirements": [
            {"id": "search", "text": "Finds pages, forms and people in one search", "weight": 40},
            {"id": "sign-on", "text": "Signs on with our accounts", "weight": 30},
            {"id": "languages", "text": "Speaks German, French and Italian", "weight": 20},
            {"id": "export", "text": "Gives our content back in an open format", "weight": 10},
        ],
    }


def hub_roadmap(until: date) -> dict[str, Any]:
    return _roadmap(
        until,
        Item("prototype", "Prototype with Human Resources", 30, "9000", "in_progress"),
        Item("news", "News and search", 120, "38000"),
        Item("forms", "Forms of all departments", 240, "26000"),
    )


def network_strategy(until: date) -> dict[str, Any]:
    return {
        "kind": "strategy",
        "why": "Nothing in the plant or the office works without the network.",
        "outcomes": ["Lines do not wait for the network", "Remote work is as good as the office"],
        "objectives": ["fewer-interruptions", "reliable-production"],
        "target_customers": ["production", "sales"],
        "available_from": _in_days(until, -1500),
        "requirements": [
            {"id": "second-line", "text": "A second way into the building", "weight": 60},
            {"id": "repair-time", "text": "Repaired within four hours", "weight": 40},
        ],
    }


def network_roadmap(until: date) -> dict[str, Any]:
    """One capability is late."""
    return _roadmap(
        until,
        Item("monitoring", "Proactive network monitoring", -60, "24000", "done"),
        Item("second-line", "Second line into the building", 80, "31000", "in_progress"),
        Item("wireless", "Wireless in all halls", -15, "47000"),
    )


def network_targets(until: date) -> dict[str, Any]:
    return {
        "kind": "targets",
        "quality_targets": [
            {"kpi": "mttr", "comparator": "lte", "value": "2.5"},
            {"kpi": "availability", "comparator": "gte", "value": "0.995"},
        ],
        "finance_targets": [
            {
                "measure": "full_cost",
                "comparator": "lte",
                "value": "420000",
                "currency": "EUR",
                "period": str(until.year),
            },
            {
                "measure": "recovery_ratio",
                "comparator": "gte",
                "value": "0.9",
                "currency": None,
                "period": str(until.year),
            },
        ],
        "critical_success_factors": [
            {
                "id": "seen-before-felt",
                "statement": "Faults are seen before somebody calls",
                "kpis": ["mttr"],
                "objective": "fewer-interruptions",
            }
        ],
    }


def erp_strategy(until: date) -> dict[str, Any]:
    return {
        "kind": "strategy",
        "why": "The supplier's contract ends; the company decides whether to renew or to move.",
        "outcomes": ["Orders reach cash in 31 days"],
        "objectives": ["faster-order-to-cash"],
        "target_customers": ["finance", "sales", "production"],
        "available_from": None,
        "requirements": [],
    }


def operations_strategy(_until: date) -> dict[str, Any]:
    return {
        "kind": "strategy",
        "why": "The business earns its money while we are not noticed.",
        "outcomes": ["Fewer and shorter interruptions at a steady cost"],
        "objectives": ["fewer-interruptions"],
        "target_customers": [],
        "available_from": None,
        "requirements": [],
    }


def _roadmap(until: date, *items: Item) -> dict[str, Any]:
    return {
        "kind": "roadmap",
        "items": [
            {
                "id": item.id,
                "capability": item.capability,
                "target_date": _in_days(until, item.in_days),
                "cost": item.cost,
                "currency": "EUR",
                "status": item.status,
            }
            for item in items
        ],
    }


def _in_days(until: date, days: int) -> str:
    return str(until + timedelta(days=days))
