"""What a receipt says now against what it said before. Pure."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

PUSHED: Final = 0
"""In place of a receipt: the version was pushed as well, or is older than the readings are."""


class Version(NamedTuple):
    """Names a version of a record; `kind` is the word of RecordKind."""

    kind: str
    source_id: int
    external_id: str
    digest: bytes


class Reading(NamedTuple):
    receipt_id: int
    version: Version


class Processed(NamedTuple):
    """What the processing of a receipt gave; `whole`: no part of it failed."""

    versions: Collection[Version]
    whole: bool


class Change(NamedTuple):
    added: list[Reading]
    withdrawn: list[Reading]


def change_of(before: Collection[Reading], processed: Mapping[int, Processed]) -> Change:
    """What is to be added to the readings of these receipts, and what they do not say any more.

    A receipt of which a part fails withdraws nothing: which of its earlier readings the failed
    part would have given is not known, and a wrong reading is better than none.
    """
    now = [
        Reading(receipt_id, version)
        for receipt_id, each in processed.items()
        for version in dict.fromkeys(each.versions)
    ]
    known, still = set(before), set(now)
    return Change(
        [reading for reading in now if reading not in known],
        [
            reading
            for reading in before
            if reading not in still and processed[reading.receipt_id].whole
        ],
    )
