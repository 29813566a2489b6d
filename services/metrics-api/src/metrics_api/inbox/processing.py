"""What becomes of receipts: read by the source's settings, taken in, the outcome written down.

Records, what they supersede and the outcome are written in one transaction. A receipt that is read
otherwise than before gives other versions: those that it gave, and no other receipt or push did,
count no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.gathering import DATABASE_AWAY
from metrics_api.inbox import queries
from metrics_api.inbox.intakes import STORES, leave_out, update_of
from metrics_api.inbox.queries import Pending
from metrics_api.inbox.rules import Inlet, parsed
from metrics_api.intake.storing import Outcome, SourceChanged, until_won, version_of
from metrics_api.intake.updates import Refused
from metrics_api.readings import queries as known
from metrics_api.readings.rules import Processed, Version, change_of
from metrics_api.sources.rules import SourceRules
from metrics_api.sources.tools.forms import Ignored, Normalised, Unreadable
from shared.kit import clock
from shared.kit.database import Engine, Session, driver, transaction
from shared.kit.logging import logger
from shared.schemas.metrics import RecordKind

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
    given: list[tuple[Version, Outcome]] = field(default_factory=list)

    def begun(self) -> "Reading":
        """As it was read, with lists of its own for what storing adds."""
        ignored, failures = [*self.ignored], [*self.failures]
        return Reading(self.receipt, self.updates, self.ends, [], ignored, failures)

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
    await _process(engine, memory, receipts, by_id)
    return len(receipts)


async def _process(
    engine: Engine, memory: Memory, receipts: Sequence[Pending], inlets: Mapping[int, Inlet]
) -> None:
    """All together; one by one if that fails, so that the one at fault is found."""
    for attempt in range(_TRIES):
        try:
            readings = await _read_all(engine, memory, receipts, inlets)
            await until_won(engine, partial(_store_all, memory=memory, readings=readings))
        except SourceChanged:
            if attempt == _TRIES - 1:
                raise
        except DATABASE_AWAY:  # no receipt is at fault, and the job is tried again
            raise
        except Exception as error:
            return await _one_by_one(engine, memory, receipts, inlets, error)
        else:
            return None
    raise AssertionError("unreachable")


async def _one_by_one(
    engine: Engine,
    memory: Memory,
    receipts: Sequence[Pending],
    inlets: Mapping[int, Inlet],
    error: Exception,
) -> None:
    if len(receipts) > 1:
        for receipt in receipts:
            await _process(engine, memory, [receipt], inlets)
        return
    log.warning("receipt_failed", receipt=receipts[0].id, problem=repr(error)[:500])
    failed = Reading(receipts[0])
    failed.fail("", f"cannot be stored ({type(error).__name__})")
    async with transaction(engine) as session:
        await queries.settle(await driver(session), [failed.outcome()], clock.now())


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


async def _store_all(session: Session, memory: Memory, readings: Sequence[Reading]) -> None:
    """Everything that receipts come to, in one transaction: their records, what these supersede,
    and the outcomes."""
    begun = [reading.begun() for reading in readings]  # a lost race begins again
    await _take_in(session, memory, begun)
    await _supersede(session, memory, [reading for reading in begun if not reading.ends])
    # Afterwards, so that no end is given to an outage that is none any more.
    ending = [reading for reading in begun if reading.ends]
    for reading in ending:
        await _store_ends(session, memory, reading)
    await _supersede(session, memory, ending)
    outcomes = [reading.outcome() for reading in begun]
    await queries.settle(await driver(session), outcomes, clock.now())


async def _take_in(session: Session, memory: Memory, readings: Sequence[Reading]) -> None:
    """Incidents first, then records of the other kinds, in their order."""
    for kinds, store in STORES.items():
        wanted = [
            (reading, kind, update)
            for reading in readings
            for kind, update in reading.updates
            if kind in kinds
        ]
        if not wanted:
            continue
        taken = await store(session, memory, [update for *_, update in wanted])
        for (reading, kind, update), outcome in zip(wanted, taken.outcomes, strict=True):
            identity = {"kind": kind, "external_id": update.fields.external_id}
            reading.records.append({**identity, "outcome": outcome.value})
            reading.given.append((version_of(RecordKind(kind), update), outcome))


async def _supersede(session: Session, memory: Memory, readings: Sequence[Reading]) -> None:
    """Remember what receipts say now; what they said before, and no one else, counts no more."""
    conn = await driver(session)
    given = [each for reading in readings for each in reading.given]
    brought = {version for version, outcome in given if outcome is not Outcome.REPEATED}
    found = dict.fromkeys(version for version, _ in given if version not in brought)
    await known.note_found(conn, list(found))
    again = [reading.receipt.id for reading in readings if reading.receipt.attempts]
    before = await known.readings_of(conn, again) if again else []
    processed = {
        reading.receipt.id: Processed(
            [version for version, _ in reading.given], not reading.failures
        )
        for reading in readings
    }
    change = change_of(before, processed)
    await known.add_readings(conn, change.added)
    await known.withdraw_readings(conn, change.withdrawn)
    await leave_out(session, memory, change.withdrawn)


async def _store_ends(session: Session, memory: Memory, reading: Reading) -> None:
    """Ends of outages that do not say what they end: that which was open at their time."""
    conn = await driver(session)
    for found in reading.ends:
        source_id, at = reading.receipt.source_id, found.fields["updated_at"]
        directory = await current_directory(conn, memory)
        outage = await queries.open_outage(conn, source_id, found.ends or "", at)
        if outage is None:
            reason = "the outage that this ends was not announced to us"
            reading.ignored.append({"code": "no_open_outage", "reason": reason})
            continue
        alone = Reading(reading.receipt)
        ended = Normalised(found.kind, {**found.fields, "external_id": outage})
        _accept(alone, ended, directory.by_id[source_id])
        await _take_in(session, memory, [alone])
        reading.records += alone.records
        reading.given += alone.given
        reading.failures += alone.failures
