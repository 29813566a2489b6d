"""One update of a record of any kind: decoded, checked, its digest taken. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from metrics_api.intake.updates import (
    Order,
    Refused,
    decode_with,
    encoder,
    given,
    normalise_stamps,
    order_of,
    refuse_no_beginning,
)
from metrics_api.records.fields import RecordIn
from metrics_api.records.kinds import Kind
from metrics_api.sources.rules import SourceRules

_OF_STEPS = ("started_at", "completed_at")


class RecordUpdate(NamedTuple):
    """An accepted update of a source's record; `payload` is the canonical form of `fields`."""

    kind: Kind
    source: SourceRules
    fields: RecordIn
    version: int | None
    updated_at: datetime | None
    stamped_at: datetime
    digest: bytes
    payload: bytes

    @property
    def order(self) -> Order:
        """What the fold sorts by (Records rule 1)."""
        return order_of(self.version, self.updated_at, self.stamped_at, self.digest)


def decode(kind: Kind, raw: bytes | msgspec.Raw) -> RecordIn:
    """The fields of one JSON object; refuses what is no JSON or has a bad field."""
    fields: RecordIn = decode_with(kind.decoder, raw)
    return fields


def read_fields(kind: Kind, fields: Mapping[str, Any]) -> RecordIn:
    """The fields that an adapter made of a tool's payload; refuses a bad one."""
    try:
        raw = encoder.encode(fields)
    except UnicodeEncodeError:
        raise Refused("", "must not contain lone surrogates") from None
    return decode(kind, raw)


def accept(kind: Kind, fields: RecordIn, source: SourceRules) -> RecordUpdate:
    """The update of `source`; refuses stamps that cannot be placed in time."""
    stamps = normalise_stamps(fields, kind.stamps, source)
    for place, step in enumerate(getattr(fields, "steps", None) or ()):
        normalise_stamps(step, _OF_STEPS, source, f"/steps/{place}")
    if source.replaces:
        refuse_no_beginning(fields, kind.starts)
    if not stamps:
        raise Refused("/updated_at", "the update carries no stamp: send updated_at")
    fields.source = UNSET
    payload = encoder.encode(fields)
    return _update(kind, source, fields, hashlib.sha256(payload).digest(), payload)


def kept_update(kind: Kind, source: SourceRules, digest: bytes, payload: bytes) -> RecordUpdate:
    """An update from its stored payload, for folding again."""
    return _update(kind, source, kind.decoder.decode(payload), digest, payload)


def _update(
    kind: Kind, source: SourceRules, fields: RecordIn, digest: bytes, payload: bytes
) -> RecordUpdate:
    updated_at: datetime | None = given(fields.updated_at)
    stamped_at = updated_at or max(
        stamp for name in kind.stamps if (stamp := getattr(fields, name))
    )
    version = given(fields.version)
    return RecordUpdate(kind, source, fields, version, updated_at, stamped_at, digest, payload)
