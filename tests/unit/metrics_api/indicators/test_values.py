"""Why there is no number, and what stands beside one."""

from typing import Any

import pytest

from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.scopes import RecordSums
from metrics_api.indicators.values import Presence, figure_of_parts, why_nothing
from shared.schemas.metrics import KpiId

KNOWN, NEVER, STRAY = Presence(True, False), Presence(False, False), Presence(False, True)


def parts(**facts: Any) -> RecordSums:
    nothing = {"service": None, "slice": None, "n": 0, "total": 0, "count": 0, "records": 0}
    return RecordSums(**{**nothing, "exclusions": {}, "percentiles": None, "extras": {}, **facts})


@pytest.mark.parametrize(
    ("kpi", "known", "presence", "code"),
    [
        ("mttr", None, KNOWN, "nothing_resolved"),
        ("mttr", None, NEVER, "no_records"),
        ("mttr", None, STRAY, "unattributed"),
        ("mttr", parts(exclusions={"cancelled": 2}), KNOWN, "all_excluded"),
        ("csat", parts(extras={"reason": "no_records"}), KNOWN, "no_answers"),
        ("csat", parts(extras={"reason": "no_records"}), NEVER, "no_records"),
        ("mtbf", parts(extras={"reason": "no_outages"}), KNOWN, "no_outages"),
        ("mtbf", parts(extras={"reason": "no_agreed_time"}), KNOWN, "no_agreed_time"),
        (
            "availability",
            parts(extras={"reason": "no_agreed_time"}, exclusions={"degraded": 1}),
            KNOWN,
            "no_agreed_time",
        ),
        (
            "permanent_fix_rate",
            parts(extras={"reason": "not_yet_verifiable"}, exclusions={"not_yet_verifiable": 1}),
            KNOWN,
            "not_yet_verifiable",
        ),
    ],
)
def test_the_reason_is_the_nearest_one(
    kpi: str, known: RecordSums | None, presence: Presence, code: str
) -> None:
    reason = why_nothing(KPIS[KpiId(kpi)], known, presence)
    assert reason.code == code
    assert reason.text
    assert "{" not in reason.text


def test_parts_that_say_why_are_no_number_even_of_a_count() -> None:
    kpi = KPIS[KpiId.UNPLANNED_OUTAGES]
    assert figure_of_parts(kpi, parts(extras={"reason": "no_records"})).value is None
    assert figure_of_parts(kpi, parts()).value == 0
