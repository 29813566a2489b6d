"""Where records of each kind go: how their fields are read, accepted and stored."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from metrics_api.attribution.rules import Memory
from metrics_api.incidents.actions import ingest
from metrics_api.incidents.updates import IncidentIn, accept, decode
from metrics_api.intake.storing import SourceChanged
from metrics_api.intake.updates import Refused
from metrics_api.sources.rules import SourceRules
from shared.kit.database import Engine

__all__ = ["INTAKES", "Refused", "SourceChanged", "Wanted", "update_of"]


@dataclass(frozen=True)
class Wanted:
    """How records of one kind are taken in; `names` are the fields that they may have."""

    names: frozenset[str]
    decode: Callable[[bytes], Any]
    accept: Callable[[Any, SourceRules], Any]
    store: Callable[[Engine, Memory, Sequence[Any]], Awaitable[Any]]


INTAKES: Mapping[str, Wanted] = {
    "incident": Wanted(frozenset(IncidentIn.__struct_fields__), decode, accept, ingest),
}
_EXTRA_AT_MOST = 100


def update_of(kind: str, fields: Mapping[str, Any], source: SourceRules) -> Any:
    """The update that an adapter's fields come to; raises Refused.

    Fields that this kind has not are kept as extra: what a tool says is never lost.
    """
    wanted = INTAKES.get(kind)
    if wanted is None:
        raise Refused("/kind", f"records of the kind {kind} are not taken in")
    try:
        raw = msgspec.json.encode(fitting(fields, wanted.names))
        return wanted.accept(wanted.decode(raw), source)
    except (RecursionError, UnicodeEncodeError, TypeError, ValueError) as error:
        raise Refused("/extra", f"cannot be kept ({type(error).__name__})") from None


def fitting(fields: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The fields of these names; the others under `extra`, beside what is there."""
    kept = {name: value for name, value in fields.items() if name in names}
    others = {name[:200]: fields[name] for name in fields if name not in names}
    extra = fields.get("extra")
    if others and (extra is None or isinstance(extra, dict)):
        merged = {**others, **(extra or {})}
        kept["extra"] = dict(list(merged.items())[:_EXTRA_AT_MOST])
    return kept
