"""The end state of a record as it was known at a moment (Records rule 15). Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from metrics_api.attribution.rules import Directory
from metrics_api.incidents.rules import Knowledge, StoredIncident, settle
from metrics_api.indicators.kpis import KPIS
from metrics_api.records.kinds import Kind
from metrics_api.records.rules import StoredRecord, concluded
from metrics_api.records.rules import settle as settle_record
from shared.schemas.metrics import KpiId, RecordKind

Identity = tuple[int, str]
"""Source id and external id."""
Named = tuple[int, str]
"""Source id and a service's name in the tool's words."""
Wanted = Mapping[RecordKind, Collection[str] | None]
"""The records of each kind that are looked at: of these services, or (None) of all."""
NO_RECORDS: Final[Wanted] = MappingProxyType({})


class Receipt(NamedTuple):
    """A kept update of any kind of record, and when it came."""

    update: Any
    received_at: datetime


class Then(NamedTuple):
    """What decided end states at a moment: what names and words meant, what was promised, which
    records were attributed by hand."""

    directory: Directory
    knowledge: Knowledge
    pins: Mapping[Identity, str]


def names_that_meant(
    directory: Directory, names: Iterable[Named], services: Collection[str]
) -> list[Named]:
    """The names among these that meant one of the services."""
    return [
        (source_id, name)
        for source_id, name in names
        if directory.service_of(directory.by_id[source_id].key, name) in services
    ]


def incident_then(identity: Identity, receipts: Iterable[Receipt], then: Then) -> StoredIncident:
    """The fold over the updates of one incident that had come by then, one or more."""
    updates, received = _each_once(receipts)
    source = then.directory.by_id[identity[0]]
    pin = then.pins.get(identity)
    attribute = partial(then.directory.service_of, source.key) if pin is None else lambda _: pin
    settled = settle(
        None,
        [],
        updates,
        source,
        attribute,
        max(received),
        then.knowledge,
    )
    return settled._replace(pinned=pin is not None, first_received_at=min(received))


def record_then(
    kind: Kind, identity: Identity, receipts: Iterable[Receipt], then: Then
) -> tuple[StoredRecord, dict[str, Any]]:
    """The same of a record of another kind, and the columns that it comes to.

    The risk of a change is left out: no figure counts it.
    """
    updates, received = _each_once(receipts)
    source, pin = then.directory.by_id[identity[0]], then.pins.get(identity)
    settled = settle_record(None, [], updates, source, max(received))._replace(
        pinned=pin is not None, service=pin, first_received_at=min(received)
    )
    columns = concluded(kind, settled, source, then.directory)
    return settled, {"risk_score": 0, "risk_factors": [], **columns}


def _each_once(receipts: Iterable[Receipt]) -> tuple[list[Any], list[datetime]]:
    """Updates, of which none is kept twice, and when they came."""
    by_digest = {receipt.update.digest: receipt for receipt in receipts}
    updates = [receipt.update for receipt in by_digest.values()]
    return updates, [receipt.received_at for receipt in by_digest.values()]


_ACROSS_SERVICES: Final = frozenset({RecordKind.INCIDENT, RecordKind.OUTAGE})


def kinds_for(kpis: Collection[KpiId]) -> tuple[RecordKind, ...]:
    """The kinds of records that these KPIs may look at."""
    if all(KPIS[kpi].of_incidents for kpi in kpis):
        return (RecordKind.INCIDENT,)
    return (
        RecordKind.INCIDENT,
        RecordKind.REQUEST,
        RecordKind.CHANGE,
        RecordKind.OUTAGE,
        RecordKind.SURVEY,
    )


def services_for(
    kind: RecordKind, kpis: Collection[KpiId], services: Collection[str] | None
) -> Collection[str] | None:
    """Whose records of a kind these KPIs of the services may look at; None: anyone's."""
    of_others = kind in _ACROSS_SERVICES and len(kinds_for(kpis)) > 1
    return None if of_others else services


def wanted_for(kpis: Collection[KpiId], services: Collection[str] | None) -> Wanted:
    """The records that these KPIs of the services may look at."""
    return {kind: services_for(kind, kpis, services) for kind in kinds_for(kpis)}


def together(*several: Wanted) -> Wanted:
    """What is wanted by any of them, so that each record is laid out once."""
    found: dict[RecordKind, Collection[str] | None] = {}
    for wanted in several:
        for kind, services in wanted.items():
            before = found.get(kind, ())
            both = None if before is None or services is None else {*before, *services}
            found[kind] = both
    return found
