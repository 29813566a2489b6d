"""A pack as bytes: whatever it is made of, the same inputs make the same page."""

import copy
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from improvement_api.service_reviews.packs import (
    canonical,
    figures_of,
    number,
    pack_of,
    page_of,
    trend,
)
from tests.support.reports import HOSTILE
from tests.support.reviews import COSTS, PERIODS


def series(*values: float | None) -> list[dict[str, Any]]:
    """One KPI in the last two periods, none in those before."""
    shown = [
        {
            "period": period,
            "value": value,
            "count": 0 if value is None else 4,
            "complete": True,
            "small_sample": None,
            "margin_of_error": None,
            "reason": "nothing resolved" if value is None else None,
        }
        for period, value in zip(PERIODS, [None] * 4 + list(values), strict=True)
    ]
    return [{"kpi": "mttr", "unit": "hours", "values": shown}]


SERVICE: dict[str, Any] = {
    "key": "vpn",
    "name": "VPN",
    "portfolio": "workplace",
    "criticality": None,
    "stage": "operate",
    "owners": [{"role": "service_owner", "subject": "ada"}],
    "kpis": series(6.5, 4.8),
    "targets": [{"kpi": "mttr", "comparator": "lte", "value": 5.0}],
    "performance": [],
    "judgements": [],
    "breaches": {"count": 0, "by_clock": {}, "items": []},
    "service_credits": [],
    "slos": [],
    "satisfaction": {"unavailable": "refused"},
    "agreements": [],
    "risks": [],
    "requirements": [],
    "costs": COSTS,
    "initiatives": [],
}
INPUTS: dict[str, Any] = {
    "review": {
        "id": "r",
        "title": "Quarterly",
        "period": "2026-Q3",
        "timezone": "UTC",
        "scheduled_at": "2026-10-12T09:00:00+00:00",
        "chair": "rosa",
        "agenda": ["Figures"],
    },
    "as_of": "2026-10-12T09:00:00+00:00",
    "periods": PERIODS,
    "customer": None,
    "services_left_out": [],
    "services": [SERVICE],
    "actions": [],
}


def text_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


def test_the_page_shows_the_figures_beside_their_target_and_says_what_is_missing() -> None:
    text = text_of(pack_of(INPUTS).page)

    assert "6.5 n = 4 4.8 n = 4 ≤ 5" in text
    assert "Not available: refused" in text
    assert "No figure: no costs are recorded." in text


def test_the_same_inputs_in_another_order_are_the_same_bytes() -> None:
    other = dict(reversed(list(copy.deepcopy(INPUTS).items())))

    assert pack_of(other) == pack_of(INPUTS)


def test_what_is_not_exact_as_of_then_leaves_the_hash_of_the_figures() -> None:
    risky = copy.deepcopy(INPUTS)
    risky["services"][0]["risks"] = [
        {"title": "t", "score": 9, "level": "l", "state": "open", "owner": "o", "review_date": "d"}
    ]
    slower = copy.deepcopy(INPUTS)
    slower["services"][0]["kpis"] = series(6.5, 4.9)

    hashes = [pack_of(one).figures_sha256 for one in (INPUTS, risky, slower)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert figures_of(INPUTS) == figures_of(risky)


@settings(max_examples=30, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15),
)
def test_whatever_people_wrote_and_was_measured_making_it_again_gives_the_same(
    text: str, value: float
) -> None:
    inputs = copy.deepcopy(INPUTS)
    inputs["review"]["title"] = text
    inputs["services"][0]["kpis"] = series(value, None)

    made = pack_of(inputs)

    assert page_of(made.inputs) == made.page
    assert canonical(inputs | {"format": 1}) == made.inputs


def test_texts_of_people_are_shown_and_never_run() -> None:
    inputs = copy.deepcopy(INPUTS)
    inputs["review"]["title"] = HOSTILE
    inputs["actions"] = [
        {"review": "r", "text": HOSTILE, "owner": None, "due_on": None, "overdue": False}
    ]

    page = pack_of(inputs).page.decode()

    assert "<script" not in page
    for needed in (" src=", "@import", "url(", "http://", "https://evil"):
        assert needed not in page.replace("http://evil.example", "")


def test_bars_of_no_values_are_none_and_a_target_is_a_line() -> None:
    assert str(trend([None, None], None, "x")).count("<rect") == 0
    drawn = str(trend([0.0, 2.0, None], 1.0, 'a"<b'))
    assert (drawn.count("<rect"), drawn.count("<line")) == (2, 1)
    assert '"<b' not in drawn


def test_numbers_have_two_decimals_at_most() -> None:
    assert [number(one) for one in (None, 5.0, "1234.567", 0.1 + 0.2)] == [
        "–",
        "5",
        "1,234.57",
        "0.3",
    ]
