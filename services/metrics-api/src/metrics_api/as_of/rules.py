"""The end state of a record as it was known at a moment (Records rule 15). Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from metrics_api.attribution.rules import Directory
from metrics_api.incidents.rules import Knowledge, StoredIncident, settle
from metrics_api.incidents.updates import Update

Identity = tuple[int, str]
"""Source id and external id."""
Named = tuple[int, str]
"""Source id and a service's name in the tool's words."""


class Receipt(NamedTuple):
    """A kept update and when it came."""

    update: Update
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


def known_then(identity: Identity, receipts: Iterable[Receipt], then: Then) -> StoredIncident:
    """The fold over the updates of one incident that had come by then, one or more."""
    by_digest = {receipt.update.digest: receipt for receipt in receipts}
    received = [receipt.received_at for receipt in by_digest.values()]
    source = then.directory.by_id[identity[0]]
    pin = then.pins.get(identity)
    attribute = partial(then.directory.service_of, source.key) if pin is None else lambda _: pin
    settled = settle(
        None,
        [],
        [receipt.update for receipt in by_digest.values()],
        source,
        attribute,
        max(received),
        then.knowledge,
    )
    return settled._replace(pinned=pin is not None, first_received_at=min(received))
