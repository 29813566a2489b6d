"""What becomes of receipts: read by the source's settings, taken in, the outcome written down.

Reading and storing are idempotent (an update is known by its digest), so a job that dies between
storing and marking simply does it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.inbox import queries
from metrics_api.inbox.intakes import INTAKES, Refused, SourceChanged, update_of
from metrics_api.inbox.queries import Pending
from metrics_api.inbox.rules import Inlet, parsed
from metrics_api.sources.rules import SourceRules
from metrics_api.sources.tools.forms import Ignored, Normalised, Unreadable
from shared.kit import clock
from shared.kit.database import Engine, driver, transaction
from shared.kit.logging import logger

AT_ONCE = 300
BYTES_AT_ONCE = 32 * 1024 * 1024
SHOWN = 50  # of each list in an outcome
_TRIES = 5
log = logger(__name__)


@dataclass
class Reading:
    """One receipt under way: its updates by kind, and what became of it so far."""

    receipt: Pending
    updates: list[tuple[str, Any]] = field(default_factory=list)
    ends: list[Normalised] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    ignored: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def fail(self, pointer: str, reason: str) -> None:
        self.failures.append({"pointer": pointer, "reason": reason})

    def outcome(self) -> dict[str, Any]:
        """Failed if any part is: a replay takes in the other parts harmlessly again."""
        state = "failed" if self.failures else "processed" if self.records else "ignored"
        parts = {"records": self.records, "ignored": self.ignored, "failures": self.failures}
        shown = {name: part[:SHOWN] for name, part in parts.items()}
        counts = {f"{name}_count": len(part) for name, part in parts.items()}
        return {"id": self.receipt.id, "state": state, "outcome": {**shown, **counts}}


async def process_some(engine: Engine, memory: Memory) -> int:
    """Process the next receipts, some at a time: how many."""
    async with transaction(engine) as session:
        conn = await driver(session)
        receipts = await queries.pending(conn, AT_ONCE, BYTES_AT_ONCE)
        if not receipts:
            return 0
        _, inlets = await queries.read_inlets(conn)
    by_id = {inlet.id: inlet for inlet in inlets.values()}
    readings = await _taken_in(engine, memory, receipts, by_id)
    async with transaction(engine) as session:
        outcomes = [reading.outcome() for reading in readings]
        await queries.settle(await driver(session), outcomes, clock.now())
    return len(receipts)


async def _taken_in(
    engine: Engine, memory: Memory, receipts: Sequence[Pending], inlets: Mapping[int, Inlet]
) -> Sequence[Reading]:
    """All together; one by one if that fails, so that the one at fault is found."""
    for attempt in range(_TRIES):
        try:
            readings = await _read_all(engine, memory, receipts, inlets)
            await _store_all(engine, memory, readings)
        except SourceChanged:
            if attempt == _TRIES - 1:
                raise
        except OSError:
            raise
        except Exception as error:
            if _is_passing(error):
                raise
            return await _one_by_one(engine, memory, receipts, inlets, error)
        else:
            return readings
    raise AssertionError("unreachable")


async def _one_by_one(
    engine: Engine,
    memory: Memory,
    receipts: Sequence[Pending],
    inlets: Mapping[int, Inlet],
    error: Exception,
) -> Sequence[Reading]:
    if len(receipts) > 1:
        alone = [await _taken_in(engine, memory, [receipt], inlets) for receipt in receipts]
        return [reading for readings in alone for reading in readings]
    log.warning("receipt_failed", receipt=receipts[0].id, problem=repr(error)[:500])
    failed = Reading(receipts[0])
    failed.fail("", f"cannot be stored ({type(error).__name__})")
    return [failed]


def _is_passing(error: Exception) -> bool:
    """The database is away: no receipt is at fault, and the job is tried again."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return hasattr(error, "sqlstate") and (state is None or state[:2] in {"08", "53", "57", "58"})


async def _read_all(
    engine: Engine, memory: Memory, receipts: Sequence[Pending], inlets: Mapping[int, Inlet]
) -> list[Reading]:
    async with transaction(engine) as session:
        directory = await current_directory(await driver(session), memory)
    readings = []
    for receipt in receipts:
        reading, inlet = Reading(receipt), inlets[receipt.source_id]
        for found in _normalised(reading, inlet):
            if isinstance(found, Ignored):
                reading.ignored.append({"code": found.code, "reason": found.text})
            elif found.ends is not None:
                reading.ends.append(found)
            else:
                _accept(reading, found, directory.by_id[inlet.id])
        readings.append(reading)
    return readings


def _normalised(reading: Reading, inlet: Inlet) -> Sequence[Normalised | Ignored]:
    """What the tool's module makes of a body; a defect of ours fails this receipt, no other."""
    receipt = reading.receipt
    config = replace(inlet.config, received_at=receipt.received_at)
    try:
        return inlet.tool.normalise(parsed(receipt.body), config)
    except Unreadable as error:
        reading.fail(error.pointer, error.reason)
    except Exception as error:
        log.warning("body_unreadable", receipt=receipt.id, exc_info=error)
        reading.fail("", f"cannot be read ({type(error).__name__})")
    return []


def _accept(reading: Reading, found: Normalised, source: SourceRules) -> None:
    try:
        reading.updates.append((found.kind, update_of(found.kind, found.fields, source)))
    except Refused as refused:
        reading.fail(refused.pointer, refused.reason)


async def _store_all(engine: Engine, memory: Memory, readings: Sequence[Reading]) -> None:
    """Kind by kind, each in a transaction, in the order of receipt."""
    for kind, wanted in INTAKES.items():
        owners, updates = [], []
        for reading in readings:
            for sort, update in reading.updates:
                if sort == kind:
                    owners.append(reading)
                    updates.append(update)
        if not updates:
            continue
        taken = await wanted.store(engine, memory, updates)
        for reading, update, outcome in zip(owners, updates, taken.outcomes, strict=True):
            identity = {"kind": kind, "external_id": update.fields.external_id}
            reading.records.append({**identity, "outcome": outcome.value})
    await _store_ends(engine, memory, readings)


async def _store_ends(engine: Engine, memory: Memory, readings: Sequence[Reading]) -> None:
    """Ends of outages that do not say what they end: that which was open at their time."""
    for reading in readings:
        for found in reading.ends:
            source_id, at = reading.receipt.source_id, found.fields["updated_at"]
            async with transaction(engine) as session:
                conn = await driver(session)
                directory = await current_directory(conn, memory)
                known = await queries.open_outage(conn, source_id, found.ends or "", at)
            if known is None:
                reason = "the outage that this ends was not announced to us"
                reading.ignored.append({"code": "no_open_outage", "reason": reason})
                continue
            alone = Reading(reading.receipt)
            ended = Normalised(found.kind, {**found.fields, "external_id": known})
            _accept(alone, ended, directory.by_id[source_id])
            await _store_all(engine, memory, [alone])
            reading.records += alone.records
            reading.failures += alone.failures
