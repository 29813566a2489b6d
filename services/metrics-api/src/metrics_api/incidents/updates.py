"""One update of an incident as a tool sends it: decoded, checked, its digest taken. Pure."""

import hashlib
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from metrics_api.intake.fields import STAMP, Beginning, Priority, Stamp, State, UpdateIn
from metrics_api.intake.updates import (
    Count,
    Level,
    Order,
    Refused,
    decode_with,
    encoder,
    normalise_stamps,
    order_of,
    refuse_no_beginning,
)
from metrics_api.sources.rules import SourceRules


class IncidentIn(UpdateIn, forbid_unknown_fields=True, kw_only=True):
    """An update of an incident. A snapshot source sends the whole record, an event source the
    fields that changed; what a source does is a setting of the source."""

    state: State | UnsetType | None = UNSET
    priority: Priority | UnsetType | None = UNSET
    impact: Level | UnsetType | None = UNSET
    urgency: Level | UnsetType | None = UNSET
    problem: (
        Annotated[str, Meta(max_length=200, description="The tool's id of the problem behind it")]
        | UnsetType
        | None
    ) = UNSET
    caused_by: (
        Annotated[str, Meta(max_length=200, description="The tool's id of the causing change")]
        | UnsetType
        | None
    ) = UNSET
    reassignment_count: Count | UnsetType | None = UNSET
    reopen_count: Count | UnsetType | None = UNSET
    first_contact: (
        Annotated[
            bool,
            Meta(description="Resolved on first contact; absent: neither reassigned nor reopened"),
        ]
        | UnsetType
        | None
    ) = UNSET
    major: (
        Annotated[bool, Meta(description="Absent: whether the priority is 1")] | UnsetType | None
    ) = UNSET
    opened_at: Beginning | UnsetType | None = UNSET
    acknowledged_at: Stamp | UnsetType | None = UNSET
    resolved_at: (
        Annotated[
            Stamp,
            Meta(
                description=f"Null: the tool has this field, and no resolution time in it. {STAMP}"
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    closed_at: Stamp | UnsetType | None = UNSET


class Update(NamedTuple):
    """An accepted update of a source's incident; `payload` is the canonical form of `fields`."""

    source: SourceRules
    fields: IncidentIn
    version: int | None
    updated_at: datetime | None
    stamped_at: datetime
    digest: bytes
    payload: bytes

    @property
    def order(self) -> Order:
        """What the fold sorts by (Records rule 1)."""
        return order_of(self.version, self.updated_at, self.stamped_at, self.digest)


_decoder = msgspec.json.Decoder(IncidentIn)
_STAMPS = ("updated_at", "opened_at", "acknowledged_at", "resolved_at", "closed_at")


def decode(raw: bytes | msgspec.Raw) -> IncidentIn:
    """The fields of one JSON object; refuses what is no JSON or has a bad field."""
    return decode_with(_decoder, raw)


def accept(fields: IncidentIn, source: SourceRules) -> Update:
    """The update of `source`; refuses stamps that cannot be placed in time."""
    stamps = normalise_stamps(fields, _STAMPS, source)
    if source.replaces:
        refuse_no_beginning(fields, ["opened_at"])
    if not stamps:
        raise Refused("/updated_at", "the update carries no stamp: send updated_at")
    updated_at = fields.updated_at or None
    fields.source = UNSET
    payload = encoder.encode(fields)
    return Update(
        source,
        fields,
        None if fields.version is UNSET else fields.version,
        updated_at,
        updated_at or max(stamps),
        hashlib.sha256(payload).digest(),
        payload,
    )


def kept_update(source: SourceRules, digest: bytes, payload: bytes) -> Update:
    """An update from its stored payload, for folding again."""
    fields = _decoder.decode(payload)
    stamps = [stamp for name in _STAMPS if (stamp := getattr(fields, name))]
    updated_at = fields.updated_at or None
    version = None if fields.version is UNSET else fields.version
    return Update(source, fields, version, updated_at, updated_at or max(stamps), digest, payload)
