"""What a sample may be, and what it counts for. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Annotated, Final

import msgspec

from metrics_api.slis.rules import RatioParts, is_raw

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAR: Final = timedelta(days=30)
MOST = 10**15
EARLIEST_YEAR, LATEST_YEAR = 2000, 2199
AHEAD = timedelta(hours=1)
"""How far the clock of a sender may run ahead of ours."""


class Refused(Exception):
    """A sample that is not taken in; `pointer` says which field is why."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(reason)
        self.pointer = pointer
        self.reason = reason


class SampleIn(msgspec.Struct, forbid_unknown_fields=True):
    """A sample as it is sent: good or bad and total, or a value."""

    at: datetime
    series: Annotated[str, msgspec.Meta(max_length=200)] = ""
    good: int | float | None = None
    bad: int | float | None = None
    total: int | float | None = None
    value: int | float | None = None


@dataclass(frozen=True)
class Sample:
    """A sample as it is kept; of a ratio of counts `part` and `total`, else `value`."""

    series: str
    at: datetime
    part: Decimal | None
    total: Decimal | None
    value: float | None


def sample_of(sent: SampleIn, parts: RatioParts | None, now: datetime) -> Sample:
    """What is kept of a sample of an SLI of these parts (None: a threshold); raises Refused."""
    _check_moment(sent.at, now)
    if "\x00" in sent.series:
        raise Refused("/series", "must not contain NUL characters")
    if parts is None or is_raw(parts):
        return Sample(sent.series, sent.at, None, None, _value(sent, parts))
    name = "good" if parts is RatioParts.GOOD_TOTAL else "bad"
    _refuse_others(sent, {name, "total"})
    part = _amount(f"/{name}", sent.good if name == "good" else sent.bad)
    total = _amount("/total", sent.total)
    if part > total:
        raise Refused(f"/{name}", f"{name} must not be more than total")
    return Sample(sent.series, sent.at, part, total, None)


def _check_moment(at: datetime, now: datetime) -> None:
    if at.tzinfo is None:
        raise Refused("/at", "must have an offset")
    if not EARLIEST_YEAR < at.year < LATEST_YEAR:
        raise Refused("/at", f"must lie between the years {EARLIEST_YEAR} and {LATEST_YEAR}")
    if at > now + AHEAD:
        raise Refused("/at", "must not lie in the future")


def _refuse_others(sent: SampleIn, wanted: set[str]) -> None:
    for name in ("good", "bad", "total", "value"):
        if name not in wanted and getattr(sent, name) is not None:
            raise Refused(f"/{name}", f"this SLI has samples of {' and '.join(sorted(wanted))}")


def _amount(pointer: str, number: float | None) -> Decimal:
    if number is None:
        raise Refused(pointer, "is missing")
    if not (isfinite(number) and 0 <= number <= MOST):
        raise Refused(pointer, f"must lie between 0 and {MOST}")
    # By its shortest spelling, and as finely as counts of seconds are kept.
    return round(Decimal(str(number)), 6)


def _value(sent: SampleIn, parts: RatioParts | None) -> float:
    _refuse_others(sent, {"value"})
    if sent.value is None:
        raise Refused("/value", "is missing")
    if abs(sent.value) > 1e300 or not isfinite(sent.value):
        raise Refused("/value", "must be a finite number")
    if parts is not None and not 0 <= sent.value <= 1:
        raise Refused("/value", "a raw ratio lies between 0 and 1")
    return float(sent.value)


def newest_of_each(samples: Iterable[Sample]) -> list[Sample]:
    """One sample of each identity: the one that was sent last."""
    return list({(sample.series, sample.at): sample for sample in samples}.values())


def starts_of(moments: Iterable[datetime], width: timedelta) -> list[datetime]:
    """The beginnings of the minutes, slices, hours or days that hold these moments, in order."""
    return sorted({moment - (moment - _EPOCH) % width for moment in moments})


def clusters(moments: Sequence[datetime]) -> Iterator[list[datetime]]:
    """Moments in order, in groups with no long gap in them."""
    near: list[datetime] = []
    for moment in sorted(moments):
        if near and moment - near[-1] > _FAR:
            yield near
            near = []
        near.append(moment)
    if near:
        yield near
