"""Publishing triggers, and letting them fire by signals and by figures."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace

from improvement_api.opportunities.cause_actions import open_opportunity_for_cause
from improvement_api.opportunities.rules import Cause
from improvement_api.periods import last_full_periods
from improvement_api.triggers import queries, rules
from improvement_api.triggers.definitions import DEFAULTS, LineCrossed, TriggerBody
from improvement_api.triggers.rules import Trigger
from improvement_api.triggers.tables import TriggerVersion
from shared.clients.catalog import CatalogClient
from shared.clients.metrics import MetricsClient
from shared.errors import Conflict, NotFound
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Engine, Session, reading, transaction

CHECK_LINES = "check_lines"
SIGNALS_AT_ONCE = 200
ROWS_AT_ONCE = 200
LOADED_BY = "tollgate"


async def publish_trigger(
    session: Session, key: str, body: TriggerBody, caller: Principal
) -> TriggerVersion:
    """Add the next version of a trigger, or the first of a new one; its kind never changes."""
    await queries.lock_trigger(session, key)
    before = await queries.find_current(session, key)
    if before is not None:
        _check_kind(queries.trigger_of(before), body)
    version = 1 if before is None else before.version + 1
    after = {"version": version, **body.model_dump(mode="json")}
    await _insert(session, key, version, body, caller.person)
    said = None if before is None else {"version": before.version, **before.body}
    await record(session, caller, "published", ("trigger", key), said, after)
    return await queries.current_version(session, key)


async def load_defaults(session: Session) -> None:
    """Give each default trigger that has no version its first one; harmless when repeated."""
    defined = {trigger.key for trigger in await queries.current_triggers(session)}
    for key, body in DEFAULTS.items():
        if key not in defined:
            await _insert(session, key, 1, body, LOADED_BY)


def _check_kind(before: Trigger, body: TriggerBody) -> None:
    was, becomes = before.body.condition.kind, body.condition.kind
    if was is not becomes:
        raise Conflict(
            f"The trigger {before.key} is of the kind {was}: what it opened goes by that. Give one"
            f" of the kind {becomes} another key, and disable this one",
            code="kind_fixed",
            kind=was.value,
        )


async def _insert(
    session: Session, key: str, version: int, body: TriggerBody, published_by: str
) -> None:
    values = {
        "key": key,
        "version": version,
        "body": body.model_dump(mode="json"),
        "published_at": now(),
        "published_by": published_by,
    }
    await queries.insert_version(session, values)


async def consume_signals(engine: Engine, catalog: CatalogClient) -> int:
    """Let triggers fire by the signals that came since: how many signals were dealt with.

    Each batch is one transaction with the place up to which it went. So a signal is dealt with
    once: who comes second, or again, finds the place moved on.
    """
    dealt_with = 0
    while True:
        async with reading(engine) as session:
            start = await queries.cursor(session)
            triggers = await queries.current_triggers(session)
            signals = await queries.signals_after(session, start, SIGNALS_AT_ONCE)
        if not signals:
            return dealt_with
        causes = [cause for each in signals for cause in rules.causes_of(triggers, each.told)]
        owned = await with_owners(catalog, causes)
        async with transaction(engine) as session:
            if not await queries.move_cursor(session, start, signals[-1].sequence):
                continue
            for cause in _by_matter(owned):
                await open_opportunity_for_cause(session, cause)
        dealt_with += len(signals)


async def check_lines(
    engine: Engine, metrics: MetricsClient, catalog: CatalogClient, only: str | None = None
) -> int:
    """Ask for the figures that lines are watched by: how many occurrences are new.

    `only` is the key of one trigger; None means all.
    """
    async with reading(engine) as session:
        triggers = await queries.current_triggers(session)
    new = 0
    for trigger in triggers:
        if watches_a_line(trigger) and only in (None, trigger.key):
            async for causes in _batches(causes_of_lines(trigger, metrics)):
                new += await _open_new(engine, catalog, causes)
    return new


def watches_a_line(trigger: Trigger) -> bool:
    return trigger.body.enabled and isinstance(trigger.body.condition, LineCrossed)


async def causes_of_lines(trigger: Trigger, metrics: MetricsClient) -> AsyncIterator[Cause]:
    """The causes of a trigger by the last full periods of all services, in their order."""
    condition = trigger.body.condition
    assert isinstance(condition, LineCrossed), "asked for triggers that watch a line only"
    periods = last_full_periods(condition.grain, condition.periods, now())
    async for row in metrics.iterate_performance(condition.kpi, periods):
        cause = rules.cause_of_line(trigger, row.service, row.values)
        if cause is not None:
            yield cause


async def _batches(causes: AsyncIterator[Cause]) -> AsyncIterator[list[Cause]]:
    batch: list[Cause] = []
    async for cause in causes:
        batch.append(cause)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


async def _open_new(engine: Engine, catalog: CatalogClient, causes: Sequence[Cause]) -> int:
    """Handle the occurrences that have not been dealt with; a period is told of once."""
    async with reading(engine) as session:
        identities = [(cause.key, cause.identity) for cause in causes]
        known = await queries.known_occurrences(session, identities)
    fresh = [cause for cause in causes if (cause.key, cause.identity) not in known]
    owned = await with_owners(catalog, fresh)
    new = 0
    if owned:
        async with transaction(engine) as session:
            for cause in _by_matter(owned):
                new += not (await open_opportunity_for_cause(session, cause)).repeated
    return new


def _by_matter(causes: Iterable[Cause]) -> list[Cause]:
    """In the order of what they are about, so that who does the same at the same time does not
    deadlock; those of one matter as they came."""
    return sorted(causes, key=lambda each: each.matter)


async def with_owners(catalog: CatalogClient, causes: Iterable[Cause]) -> list[Cause]:
    """The causes with who answers for their service, where the trigger names nobody.

    Asked of the catalog; Unavailable while it is away, so that nothing opens without its owner.
    """
    asked: dict[str, str | None] = {}
    owned = []
    for cause in causes:
        if cause.owner is None:
            if cause.service not in asked:
                asked[cause.service] = await _owner(catalog, cause.service)
            cause = replace(cause, owner=asked[cause.service])  # noqa: PLW2901
        owned.append(cause)
    return owned


async def _owner(catalog: CatalogClient, service: str) -> str | None:
    try:
        return await catalog.answerable_owner(service)
    except NotFound:
        return None


def may_check(trigger: Trigger) -> None:
    """Only triggers that watch a line are checked by asking for figures (409)."""
    if not isinstance(trigger.body.condition, LineCrossed):
        raise Conflict(
            f"The trigger {trigger.key} fires by signals as they come: there is nothing to ask for",
            code="fires_by_signals",
            kind=trigger.body.condition.kind.value,
        )
    if not trigger.body.enabled:
        raise Conflict(f"The trigger {trigger.key} is disabled", code="trigger_disabled")
