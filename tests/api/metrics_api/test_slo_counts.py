"""Budgets and burn rates of all three methods, against a count minute by minute."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from shared.kit.database import transaction
from tests.support.corrections import approved
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.slos import MINUTE, define_sli, define_slo, push, status

VIENNA = ZoneInfo("Europe/Vienna")
BEGIN = datetime(2026, 3, 23, tzinfo=VIENNA)  # the Monday before its clocks go forward
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEKS = {
    "duration": "1w",
    "calendar": {"start_time": "2026-03-23T00:00:00", "timezone": "Europe/Vienna"},
}
SLICE = 7
ENOUGH = Fraction("0.8")
SLICED = {"time_slice_window": SLICE}
OF_METHOD: Mapping[str, Mapping[str, Any]] = {
    "occurrences": {},
    "timeslices": {**SLICED, "time_slice_target": float(ENOUGH)},
    "ratio_timeslices": SLICED,
}
MEMBERS = {"errors": (Fraction("0.9"), Fraction("2.5")), "latency": (Fraction("0.7"), Fraction(1))}
"""Targets and weights."""
Events = Mapping[int, tuple[int, int]]
"""Good and all events of each minute that has any, by minutes since 1970."""


class Counted(NamedTuple):
    good: Fraction
    total: Fraction

    def burn(self, target: Fraction) -> Fraction | None:
        return (self.total - self.good) / ((1 - target) * self.total) if self.total else None


def minute_of(at: datetime) -> int:
    return (at - EPOCH) // MINUTE


def count(method: str, members: Sequence[Events], span: range, out: Collection[int]) -> Counted:
    """What of the minutes that are not corrected counts, members of a composite together."""
    good, total = Fraction(0), Fraction(0)
    if method == "occurrences":
        for minute in set(span) - set(out):
            good += sum(events.get(minute, (0, 0))[0] for events in members)
            total += sum(events.get(minute, (0, 0))[1] for events in members)
        return Counted(good, total)
    for first in range(-(-span.start // SLICE) * SLICE, span.stop - SLICE + 1, SLICE):
        minutes = range(first, first + SLICE)
        if any(minute in out for minute in minutes):
            continue
        sums = [
            tuple(sum(events.get(minute, (0, 0))[n] for minute in minutes) for n in (0, 1))
            for events in members
        ]
        shares = [Fraction(one, whole) for one, whole in sums if whole]
        if shares:
            whole_share = max(Fraction(0), 1 - sum((1 - share for share in shares), Fraction(0)))
            all_good = Fraction(all(share >= ENOUGH for share in shares))
            good += all_good if method == "timeslices" else whole_share
            total += 1
    return Counted(good, total)


def window_of(at: datetime) -> range:
    """The week of Vienna's wall clock in which the minute before a moment lies, so far."""
    before = (at - MINUTE).astimezone(VIENNA)
    monday = before.date() - timedelta(days=before.weekday())
    begin = datetime(monday.year, monday.month, monday.day, tzinfo=VIENNA)
    return range(minute_of(begin), minute_of(at))


async def given(metrics: Metrics, random: Random) -> tuple[dict[str, Events], set[int]]:
    """Random samples of two SLIs over two weeks, and the minutes that corrections take out."""
    events: dict[str, dict[int, tuple[int, int]]] = {}
    for sli in MEMBERS:
        await define_sli(metrics, key=sli)
        known = events.setdefault(sli, {})
        samples = []
        for minute in random.sample(range(14 * 1440), 900):
            total = random.randint(0, 9)
            good = total - random.choice([0, 0, 0, random.randint(0, total)])
            at = BEGIN.astimezone(UTC) + (minute + random.random() * 0.99) * MINUTE
            samples.append({"at": at.isoformat(), "good": good, "total": total})
            known[minute_of(at)] = (good, total)
        await push(metrics, samples, sli)
    out: set[int] = set()
    for _ in range(6):
        start = BEGIN.astimezone(UTC) + random.randrange(14 * 1440) * MINUTE
        length = random.randint(1, 600)
        await approved(metrics, start=start.isoformat(), duration_minutes=length)
        out |= set(range(minute_of(start), minute_of(start) + length))
    return dict(events), out


def number(fraction: Fraction | None) -> Any:
    return None if fraction is None else pytest.approx(float(fraction), abs=1e-9)


LOOKBACKS = {"1h": 60, "6h": 360, "3d": 4320}
MOMENTS = (
    datetime(2026, 3, 29, 2, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 22, 0, tzinfo=UTC),  # midnight of the week that lost an hour
    datetime(2026, 4, 2, 13, 37, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
async def service(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


@pytest.mark.parametrize("method", OF_METHOD)
async def test_an_slo_stands_as_a_count_of_its_minutes_says(metrics: Metrics, method: str) -> None:
    events, out = await given(metrics, Random(method))
    target, _ = MEMBERS["errors"]
    objective = {"target": float(target), **OF_METHOD[method]}
    await define_slo(metrics, budgeting_method=method, objectives=[objective], time_window=WEEKS)

    for at in MOMENTS:
        asked = {"at": at.isoformat(), "lookbacks": ",".join(LOOKBACKS)}
        (told,) = (await status(metrics, **asked))["objectives"]

        for name, without in (("corrected", out), ("uncorrected", ())):
            counted = count(method, [events["errors"]], window_of(at), without)
            reading, burn = told[name], counted.burn(target)
            assert burn is not None
            assert (reading["good"], reading["total"]) == (
                number(counted.good),
                number(counted.total),
            )
            assert reading["value"] == number(counted.good / counted.total)
            assert reading["budget"]["remaining_ratio"] == number(1 - burn)
        for one in told["burn_rates"]:
            span = range(minute_of(at) - LOOKBACKS[one["lookback"]], minute_of(at))
            burn = count(method, [events["errors"]], span, out).burn(target)
            assert one["burn_rate"] == number(burn)


def whole_burn(
    method: str, events: Mapping[str, Events], span: range, out: Collection[int]
) -> Fraction | None:
    """How fast a composite burns: members by their weights, or slices of all together."""
    if method != "occurrences":
        missing = sum((1 - target for target, _ in MEMBERS.values()), Fraction(0))
        return count(method, list(events.values()), span, out).burn(max(1 - missing, Fraction(0)))
    rates = [
        (count(method, [events[sli]], span, out).burn(target), weight)
        for sli, (target, weight) in MEMBERS.items()
    ]
    known = [rate * weight for rate, weight in rates if rate is not None]
    return sum(known, Fraction(0)) if known else None


@pytest.mark.parametrize("method", OF_METHOD)
async def test_a_composite_burns_as_a_count_of_its_members_says(
    metrics: Metrics, method: str
) -> None:
    events, out = await given(metrics, Random(f"all {method}"))
    objectives = [
        {"sli": sli, "target": float(target), "weight": float(weight), **OF_METHOD[method]}
        for sli, (target, weight) in MEMBERS.items()
    ]
    await define_slo(
        metrics, sli=None, budgeting_method=method, objectives=objectives, time_window=WEEKS
    )

    for at in MOMENTS:
        asked = {"at": at.isoformat(), "lookbacks": ",".join(LOOKBACKS)}
        told = (await status(metrics, **asked))["composite"]

        for name, without in (("corrected", out), ("uncorrected", ())):
            burn = whole_burn(method, events, window_of(at), without)
            assert burn is not None
            assert told[name]["remaining_ratio"] == number(1 - burn)
        for one in told["burn_rates"]:
            span = range(minute_of(at) - LOOKBACKS[one["lookback"]], minute_of(at))
            assert one["burn_rate"] == number(whole_burn(method, events, span, out))
