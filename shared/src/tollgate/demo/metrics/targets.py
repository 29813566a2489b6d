"""Targets beyond the repair times: on every kind of record, each with its owner."""

from datetime import date
from typing import Any, NamedTuple

from tollgate.demo.catalog.money import month_before
from tollgate.demo.making import Providers, ensure


class Target(NamedTuple):
    """A target; it holds for as many full months back as it takes to be judged."""

    service: str
    kpi: str
    comparator: str
    value: str
    owner: str
    period: str = "month"


TARGETS = (
    Target("network-infrastructure", "availability", "gte", "0.99", "jonas.lind"),
    Target("email-and-calendar", "availability", "gte", "0.995", "maria.costa"),
    Target("erp", "sla_attainment", "gte", "0.85", "asha.verma"),
    Target("file-sharing", "csat", "gte", "0.6", "maria.costa"),
    Target("managed-laptop", "fulfilment_time", "lte", "120", "eva.novak"),
    Target("identity-and-access", "mtta", "lte", "4", "tom.okafor"),
    Target("server-platform", "change_failure_rate", "lte", "0.25", "jonas.lind", "quarter"),
    Target("printing", "nps", "gte", "20", "eva.novak", "quarter"),
)
MONTHS_BACK = 12


def load_further_targets(at: Providers, until: date) -> None:
    """A year of judgements follows by the jobs, and a proposal where three were met in a row."""
    for target in TARGETS:
        ensure(at.metrics, "/v1/targets", _body(target, until))


def _body(target: Target, until: date) -> dict[str, Any]:
    return {**target._asdict(), "valid_from": f"{month_before(until, MONTHS_BACK)}-01"}
