"""What an SLI may be."""

from typing import Any

import pytest

from metrics_api.slis import rules
from shared.errors import Invalid

SAMPLES = {"kind": "samples"}
PROMETHEUS = {"kind": "prometheus"}
QUERY = {"spec": {"query": "up"}}


def sli(**fields: Any) -> dict[str, Any]:
    usual = {
        "kind": "ratio",
        "parts": "good_total",
        "counter": False,
        "feed": SAMPLES,
        "sources": {},
    }
    return {**usual, **fields}


def records(measure: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "records", "measure": measure, "within_hours": None, **fields}


@pytest.mark.parametrize(
    "fine",
    [
        sli(),
        sli(counter=True, parts="bad_total"),
        sli(parts="raw_success"),
        sli(kind="threshold", parts=None),
        sli(feed=PROMETHEUS, sources={"good": QUERY, "total": QUERY}),
        sli(kind="threshold", parts=None, feed=PROMETHEUS, sources={"threshold": QUERY}),
        sli(feed=records("availability")),
        sli(feed=records("incidents_resolved_within", within_hours="4")),
        sli(kind="threshold", parts=None, feed=records("resolution_hours")),
    ],
)
def test_an_sli_may_be(fine: dict[str, Any]) -> None:
    rules.check_sli(fine)


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        (sli(parts=None), "/parts"),
        (sli(kind="threshold"), "/parts"),
        (sli(kind="threshold", parts=None, counter=True), "/counter"),
        (sli(parts="raw_failure", counter=True), "/counter"),
        (sli(feed=PROMETHEUS, sources={"good": QUERY}), "/sources/total"),
        (sli(sources={"bad": QUERY}), "/sources/bad"),
        (sli(feed=records("resolution_hours")), "/feed/measure"),
        (sli(kind="threshold", parts=None, feed=records("availability")), "/feed/measure"),
        (sli(feed=records("availability"), parts="bad_total"), "/parts"),
        (sli(feed=records("availability"), counter=True), "/counter"),
        (sli(feed=records("incidents_resolved_within")), "/feed/within_hours"),
        (sli(feed=records("availability", within_hours="4")), "/feed/within_hours"),
    ],
)
def test_what_contradicts_itself_is_refused(bad: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_sli(bad)
    assert refused.value.errors[0].pointer == pointer


def test_the_kind_of_a_feed_stays() -> None:
    with pytest.raises(Invalid):
        rules.check_change(sli(), sli(feed=records("availability")))
