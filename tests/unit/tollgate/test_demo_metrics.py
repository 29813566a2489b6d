"""The demo's weeks of samples, its indicators, tiers and alarms: what they show, at any hour."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from metrics_api.slis.rules import SliKind, check_sli
from metrics_api.slis.schemas import SliCreate
from metrics_api.slos.rules import check_slo
from metrics_api.slos.schemas import SloCreate
from metrics_api.targets.rules import check_target
from metrics_api.targets.schemas import TargetCreate
from tollgate.demo.catalog import experience, planning
from tollgate.demo.content import SERVICES
from tollgate.demo.metrics import objectives, targets, tiers, webhooks
from tollgate.demo.metrics.sample_weeks import (
    HOURS,
    Sample,
    night_of_work,
    order_latencies,
    sign_ons,
)

# At work, in the night, at the end of a Sunday, at the turn of a year.
ENDS = [
    datetime(2026, 3, 11, 14, 20, tzinfo=UTC),
    datetime(2026, 3, 11, 3, 59, tzinfo=UTC),
    datetime(2026, 3, 15, 23, 1, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, tzinfo=UTC),
]
SIGN_ON_BUDGET = 1 - 0.995
NAMES = {service.key for service in SERVICES}


def since(samples: Iterable[Sample], start: datetime) -> list[Sample]:
    return [sample for sample in samples if datetime.fromisoformat(sample["at"]) >= start]


def burn_rate(samples: list[Sample]) -> float:
    total = sum(sample["total"] for sample in samples)
    failed = total - sum(sample["good"] for sample in samples)
    return float(failed / total / SIGN_ON_BUDGET)


@pytest.mark.parametrize("end", ENDS)
def test_samples_are_always_the_same_and_reach_up_to_the_hour(end: datetime) -> None:
    for weeks in (sign_ons, order_latencies):
        stamps = [datetime.fromisoformat(sample["at"]) for sample in weeks(end)]
        assert list(weeks(end)) == list(weeks(end))
        assert len(set(stamps)) == HOURS
        assert max(stamps) <= end < max(stamps) + timedelta(hours=1)


@pytest.mark.parametrize("end", ENDS)
def test_sign_on_burns_its_budget_now_and_has_some_left(end: datetime) -> None:
    samples = list(sign_ons(end))

    assert burn_rate(since(samples, end - timedelta(days=3))) > 1.1
    assert burn_rate(since(samples, end - timedelta(hours=5))) > 1.1
    assert burn_rate(since(samples, end - timedelta(days=28))) < 0.9


@pytest.mark.parametrize("end", ENDS)
def test_the_night_of_work_is_seen_in_the_samples(end: datetime) -> None:
    begun, done = night_of_work(end)

    night = [s for s in since(sign_ons(end), begun) if datetime.fromisoformat(s["at"]) < done]

    assert [sample["total"] for sample in night]
    assert burn_rate(night) > 50


@pytest.mark.parametrize("end", ENDS)
def test_orders_have_overspent_their_budget(end: datetime) -> None:
    values = [sample["value"] for sample in since(order_latencies(end), end - timedelta(days=28))]

    slow = sum(value > objectives.FAST["value"] for value in values)

    assert slow / len(values) > 1 - objectives.FAST["target"]


def test_the_indicators_and_objectives_are_accepted() -> None:
    indicators = [SliCreate.model_validate(one) for one in objectives.INDICATORS]
    kinds: dict[str, SliKind] = {one.key: one.kind for one in indicators}
    for indicator in indicators:
        check_sli(indicator.model_dump())
    for objective in objectives.OBJECTIVES:
        check_slo(SloCreate.model_validate(objective).model_dump(mode="json"), kinds)
    assert {one.service for one in indicators} <= NAMES


def test_the_targets_are_accepted() -> None:
    for target in targets.TARGETS:
        body = TargetCreate(**target._asdict(), valid_from=date(2026, 1, 1))
        check_target(body.model_dump())
        assert body.service in NAMES


def test_the_links_between_tiers_have_both_ends() -> None:
    activities = {activity.key for activity in experience.ACTIVITIES}
    slos = {one["key"] for one in objectives.OBJECTIVES}
    layers = (one.key for layer in planning.LAYERS.values() for one in layer)

    assert {activity for *_, activity in tiers.SERVED} <= activities
    assert {activity for activity, _ in tiers.RESTING_ON} <= activities
    assert {slo for _, slo in tiers.RESTING_ON} <= slos
    assert set(tiers.COMPONENTS) <= {one["key"] for one in objectives.INDICATORS}
    assert {area["objective"] for area in tiers.AREAS} <= set(layers)


def test_every_alarm_names_a_service_by_the_name_it_goes_by_there() -> None:
    assert all(webhooks.NAMES[alarm.service] for alarm in webhooks.ALARMS)
