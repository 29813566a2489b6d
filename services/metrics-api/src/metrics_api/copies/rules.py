"""What a copy is read from, and what it comes to. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from metrics_api.copies.schemas import KINDS

REFRESH_JOB: Final = "refresh_copy"
REFRESH_LANE: Final = "copies"  # while they rest they keep no other job waiting


@dataclass(frozen=True)
class Reading:
    """A list of the catalog, the fields whose values make the key of an item, and its events."""

    path: str
    key: tuple[str, ...]
    events: tuple[str, ...]
    joined_by: str = "/"


READINGS: Final[Mapping[str, Reading]] = {
    "customer": Reading("/v1/customers", ("key",), ("customer",)),
    "engagement": Reading("/v1/engagements", ("id",), ("engagement",)),
    "vital_activity": Reading("/v1/vital-activities", ("key",), ("vital_activity",)),
    "vital_support": Reading(
        "/v1/vital-activity-supports", ("vital_activity", "service"), ("vital_activity",)
    ),
    "vendor_product": Reading("/v1/vendor-products", ("key",), ("vendor_product",)),
    "touchpoint": Reading("/v1/touchpoints", ("key",), ("touchpoint",)),
    "objective": Reading("/v1/objectives", ("key",), ("objective",)),
    "support_hours": Reading("/v1/services", ("service",), ("service",)),
    "scheme_choice": Reading("/v1/priority-scheme-choices", ("service",), ("priority_scheme",)),
    "calendar_version": Reading(
        "/v1/calendar-versions", ("calendar", "version"), ("calendar",), "@"
    ),
    "scheme_version": Reading(
        "/v1/priority-scheme-versions", ("scheme", "version"), ("priority_scheme",), "@"
    ),
    "agreement_version": Reading(
        "/v1/agreement-versions", ("agreement", "version"), ("agreement",), "@"
    ),
    "benchmark": Reading("/v1/benchmarks", ("service", "id"), ("benchmark",)),
    # All is reckoned anew, so that only what is rare sets it off: costs, consumption and charges
    # come by the thousand, and whole months have time for the refresh that comes by itself.
    "cost_summary": Reading("/v1/cost-summaries", ("service",), ("benchmark", "exchange_rate")),
}
"""How each kind of copy is read."""

KINDS_OF_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    event: tuple(kind for kind, reading in READINGS.items() if event in reading.events)
    for reading in READINGS.values()
    for event in reading.events
}
"""Kinds of copies that an event of a resource of the catalog makes old."""


@dataclass(frozen=True)
class Copy:
    """What is kept of an item; `digest` is SHA-256 of its canonical form."""

    key: str
    data: Mapping[str, Any]
    digest: bytes


def kinds_told_by(event_type: str) -> tuple[str, ...]:
    """Kinds of copies that may differ after an event: `calendar.changed` is about calendars."""
    return KINDS_OF_EVENTS.get(event_type.partition(".")[0], ())


def copy_of(kind: str, item: Mapping[str, Any]) -> Copy | None:
    """The copy of an item as the catalog lists it; None where there is nothing to keep.

    Raises ValueError (pydantic's) for an item of a shape this release does not know.
    """
    if kind == "support_hours":
        item = {"service": item["key"], "support_hours": item["support_hours"]}
        if item["support_hours"] is None:
            return None
    if kind == "scheme_choice":
        item = {**item, "service": item["service"] or ""}
    reading = READINGS[kind]
    data = KINDS[kind].model_validate(item).model_dump(mode="json")
    canonical = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    key = reading.joined_by.join(str(item[name]) for name in reading.key)
    return Copy(key, data, hashlib.sha256(canonical).digest())


@dataclass(frozen=True)
class Differences:
    """Keys of copies that no longer hold, and the copies that hold from now on."""

    ended: tuple[str, ...]
    recorded: tuple[Copy, ...]


def differences(present: Mapping[str, bytes], found: Mapping[str, Copy]) -> Differences:
    """From digests of the present copies by key to what was found."""
    recorded = [copy for key, copy in found.items() if present.get(key) != copy.digest]
    gone = present.keys() - found.keys()
    ended = gone | {copy.key for copy in recorded if copy.key in present}
    return Differences(tuple(sorted(ended)), tuple(recorded))
