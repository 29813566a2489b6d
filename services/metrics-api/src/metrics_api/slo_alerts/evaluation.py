"""Evaluating all policies and budgets at a moment: what fires, what is resolved, what is spent.

Each batch of SLOs is one transaction with a fixed number of statements. One evaluation runs at a
time and reads what stands after it has the lock, so that each transition is told once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID, uuid4

from metrics_api.measures.rules import Stretch
from metrics_api.slo_alerts import queries, rules
from metrics_api.slo_alerts.rules import AlertState, Burn, Standing
from metrics_api.slos import queries as slos
from metrics_api.slos.burning import burn_of, burning_objectives
from metrics_api.slos.durations import Window, calendar_of, length_of, minute_of, window_at
from metrics_api.slos.rules import Level, level_of
from metrics_api.slos.standing import COMPOSITE, NO_ANSWER, Answers, Question, Slot, answers_to
from metrics_api.slos.status import WINDOW, limits_of, whole_of
from shared.kit.database import Engine, Session, transaction
from shared.kit.events import Event, emit_all

FIRING: Final = "slo.alert_firing"
RESOLVED: Final = "slo.alert_resolved"
EXHAUSTED: Final = "slo.budget_exhausted"
BATCH: Final = 200


@dataclass
class Findings:
    """What an evaluation writes and tells."""

    alerts: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[UUID] = field(default_factory=list)
    budgets: list[dict[str, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


async def evaluate_all(engine: Engine, now: datetime) -> None:
    """Evaluate every active SLO, a batch a transaction; running it again changes nothing."""
    async with transaction(engine) as session:
        await _end_abandoned(session, now)
    last = ""
    while True:
        async with transaction(engine) as session:
            batch = await slos.slos_after(session, last, BATCH)
            if not batch:
                return
            await _evaluate(session, batch, now)
        last = batch[-1].key


async def _end_abandoned(session: Session, now: datetime) -> None:
    """Resolve what stands of policies and SLOs that were retired."""
    await queries.lock_alerts(session)
    abandoned = await queries.abandoned_alerts(session)
    policies = await queries.policies_of(session, abandoned)
    found = Findings()
    for alert in abandoned:
        standing = dict(alert._mapping)
        if alert.state == AlertState.PENDING:
            found.dropped.append(alert.id)
        else:
            _resolve(found, policies[alert.policy], standing, now)
    await _write(session, found)


async def _evaluate(session: Session, batch: Sequence[Any], now: datetime) -> None:
    await queries.lock_alerts(session)
    keys = [slo.key for slo in batch]
    policies: dict[str, list[Any]] = {}
    for policy in await queries.active_policies(session, keys):
        policies.setdefault(policy.slo, []).append(policy)
    standing = {
        (alert.policy, alert.objective): alert
        for alert in await queries.standing_alerts(session, keys)
    }
    budgets = await queries.budgets_of(session, keys)
    windows = {slo.key: _window(slo, now) for slo in batch}
    questions = [
        Question(slo, _stretches(windows[slo.key], policies.get(slo.key, ()), now)) for slo in batch
    ]
    answers, _ = await answers_to(session, questions, now)
    found = Findings()
    for slo in batch:
        for objective in burning_objectives(slo):
            for policy in policies.get(slo.key, ()):
                alert = standing.get((policy.id, objective))
                _judge(found, (slo, policy, objective), alert, answers, now)
            window = windows[slo.key]
            if window is not None:
                _charge(found, (slo, objective, window), budgets, answers, now)
    await _write(session, found)


def _window(slo: Any, now: datetime) -> Window | None:
    return window_at(slo.time_window["duration"], calendar_of(slo.time_window), now)


def _stretches(window: Window | None, policies: Sequence[Any], now: datetime) -> dict[str, Stretch]:
    end = minute_of(now)
    names = {policy.long_window for policy in policies}
    names |= {policy.short_window for policy in policies if policy.short_window is not None}
    stretches = {name: Stretch(end - length_of(name), end) for name in sorted(names)}
    if window is not None:
        stretches[WINDOW] = Stretch(window.start, window.end)
    return stretches


def _judge(
    found: Findings,
    subject: tuple[Any, Any, int],
    alert: Any,
    answers: Answers,
    now: datetime,
) -> None:
    """Let an alert of a policy begin, fire, go on or end."""
    slo, policy, objective = subject
    long_burn = burn_of(slo, objective, answers, policy.long_window)
    short_burn = long_burn
    if policy.short_window is not None:
        short_burn = burn_of(slo, objective, answers, policy.short_window)
    standing = None if alert is None else Standing(AlertState(alert.state), alert.since)
    cause = rules.cause_of(policy, Burn(long_burn, short_burn))
    state = rules.next_state(standing, cause, now, rules.waiting_time(policy.alert_after))
    if state is None:
        if alert is not None:
            found.dropped.append(alert.id)
        return
    row = dict(alert._mapping) if alert is not None else _new_alert(slo, policy, objective, now)
    row |= {"long_burn": _number(long_burn), "short_burn": _number(short_burn)}
    if state is AlertState.RESOLVED:
        _resolve(found, policy, row, now)
        return
    fires_now = state is AlertState.FIRING and row["fired_at"] is None
    row |= {"state": state, "cause": cause}
    if fires_now:
        row["fired_at"] = now
        found.events.append(Event(FIRING, slo.service, _told(policy, row)))
    found.alerts.append(row)


def _new_alert(slo: Any, policy: Any, objective: int, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "policy": policy.id,
        "slo": slo.key,
        "service": slo.service,
        "objective": objective,
        "severity": policy.severity,
        "since": now,
        "fired_at": None,
        "resolved_at": None,
        "factor": policy.factor,
    }


def _resolve(found: Findings, policy: Any, alert: dict[str, Any], now: datetime) -> None:
    alert |= {"state": AlertState.RESOLVED, "resolved_at": now}
    found.alerts.append(alert)
    if policy.alert_when_resolved:
        found.events.append(Event(RESOLVED, alert["service"], _told(policy, alert)))


def _told(policy: Any, alert: Mapping[str, Any]) -> dict[str, Any]:
    """What the events of an alert say."""
    names = ("service", "slo", "objective", "severity", "cause", "state", "since", "fired_at")
    return {
        "alert": alert["id"],
        "policy": policy.key,
        **{name: alert[name] for name in names},
        "resolved_at": alert["resolved_at"],
        "factor": float(alert["factor"]),
        "long_window": policy.long_window,
        "short_window": policy.short_window,
        "long_burn": alert["long_burn"],
        "short_burn": alert["short_burn"],
    }


def _charge(
    found: Findings,
    subject: tuple[Any, int, Window],
    budgets: Mapping[tuple[str, int], Any],
    answers: Answers,
    now: datetime,
) -> None:
    """Tell once that a budget is spent: again only after it was not, or in the next window."""
    slo, objective, window = subject
    burn = burn_of(slo, objective, answers, WINDOW)
    level = level_of(_events(slo, objective, answers), _left(burn), limits_of(slo))
    exhausted = level is not Level.UNKNOWN and burn is not None and burn >= 1
    before = budgets.get((slo.key, objective))
    calendar = slo.time_window["calendar"] is not None
    start = window.start if calendar or before is None else before.window_start
    if before is not None and before.exhausted == exhausted and before.window_start == start:
        return
    if not calendar:
        start = now
    row = {"slo": slo.key, "objective": objective, "exhausted": exhausted}
    found.budgets.append({**row, "window_start": start, "changed_at": now})
    if exhausted:
        told = {
            "service": slo.service,
            "slo": slo.key,
            "objective": objective,
            "remaining_ratio": _number(_left(burn)),
            "window_start": window.start,
            "window_end": window.ends_at,
            "at": minute_of(now),
        }
        found.events.append(Event(EXHAUSTED, slo.service, told))


def _left(burn: Fraction | None) -> Fraction | None:
    return None if burn is None else 1 - burn


def _events(slo: Any, objective: int, answers: Answers) -> Fraction:
    if objective == COMPOSITE:
        return whole_of(slo, answers, WINDOW, corrected=True).events
    return answers.get(Slot(slo.key, objective, WINDOW), NO_ANSWER).corrected.total


def _number(fraction: Fraction | None) -> float | None:
    return None if fraction is None else float(fraction)


async def _write(session: Session, found: Findings) -> None:
    await queries.drop_alerts(session, found.dropped)
    await queries.write_alerts(session, found.alerts)
    await queries.write_budgets(session, found.budgets)
    await emit_all(session, found.events)
