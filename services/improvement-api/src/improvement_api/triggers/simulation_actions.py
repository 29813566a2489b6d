"""What a trigger would have done over the past, without doing it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from improvement_api.opportunities.rules import Cause
from improvement_api.periods import Grain, last_day_of, last_full_periods
from improvement_api.triggers import queries, rules
from improvement_api.triggers.definitions import LineCrossed
from improvement_api.triggers.rules import Trigger
from shared.clients.metrics import MetricsClient
from shared.kit.database import Engine, reading
from shared.schemas.metrics import PeriodValue

SIGNALS_AT_ONCE = 500
MOST_SIGNALS = 20_000
MOST_ROWS = 5_000
SHOWN = 200


@dataclass
class Simulated:
    """What fired so far: of the causes all keys, of the occurrences the first ones."""

    since: datetime
    looked_at: int = 0
    fired: int = 0
    complete: bool = True
    keys: set[str] = field(default_factory=set)
    shown: list[tuple[Cause, bool]] = field(default_factory=list)

    def add(self, cause: Cause) -> None:
        self.fired += 1
        if len(self.shown) < SHOWN:
            self.shown.append((cause, cause.key not in self.keys))
        self.keys.add(cause.key)


async def simulate(
    engine: Engine, metrics: MetricsClient, trigger: Trigger, days: int, now: datetime
) -> Simulated:
    """Let a trigger fire over the signals received in the last days, or over the figures of the
    periods that ended in them."""
    found = Simulated(now - timedelta(days=days))
    if isinstance(trigger.body.condition, LineCrossed):
        await _over_figures(metrics, trigger, trigger.body.condition, found, now)
    else:
        await _over_signals(engine, trigger, found)
    return found


async def _over_signals(engine: Engine, trigger: Trigger, found: Simulated) -> None:
    last = 0
    while found.looked_at < MOST_SIGNALS:
        async with reading(engine) as session:
            signals = await queries.signals_after(session, last, SIGNALS_AT_ONCE, found.since)
        for each in signals:
            for cause in rules.causes_of([trigger], each.told):
                found.add(cause)
        found.looked_at += len(signals)
        if len(signals) < SIGNALS_AT_ONCE:
            return
        last = signals[-1].sequence
    found.complete = False


async def _over_figures(
    metrics: MetricsClient,
    trigger: Trigger,
    condition: LineCrossed,
    found: Simulated,
    now: datetime,
) -> None:
    shortest = 28 if condition.grain is Grain.MONTH else 90
    ended = (now - found.since).days // shortest + 1
    labels = last_full_periods(condition.grain, ended + condition.periods, now)
    within = [label for label in labels if last_day_of(label) >= found.since.date()]
    asked = labels[-(len(within) + condition.periods - 1) :] if within else []
    if not asked:
        return
    async for row in metrics.iterate_performance(condition.kpi, asked):
        if found.looked_at == MOST_ROWS:
            found.complete = False
            return
        found.looked_at += 1
        for values in _windows(row.values, condition.periods):
            cause = rules.cause_of_line(trigger, row.service, values)
            if cause is not None:
                found.add(cause)


def _windows(values: Sequence[PeriodValue], length: int) -> list[Sequence[PeriodValue]]:
    return [values[start : start + length] for start in range(len(values) - length + 1)]
