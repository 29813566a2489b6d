"""Where records of each kind go: how their fields are read, accepted and stored."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from metrics_api.attribution.rules import Memory
from metrics_api.incidents import actions as incidents
from metrics_api.incidents.superseding import leave_out as leave_out_of_incidents
from metrics_api.incidents.updates import IncidentIn
from metrics_api.intake.kinds import Intake
from metrics_api.intake.updates import Refused
from metrics_api.readings.rules import Reading
from metrics_api.records import actions as records
from metrics_api.records.kinds import KINDS
from metrics_api.records.superseding import leave_out as leave_out_of_records
from metrics_api.sources.rules import SourceRules
from shared.kit.database import Session
from shared.schemas.metrics import RecordKind

Store = Callable[[Session, Memory, Sequence[Any]], Awaitable[Any]]
STORES: Mapping[frozenset[str], Store] = {
    frozenset({RecordKind.INCIDENT.value}): incidents.ingest_chunk,
    frozenset(kind.value for kind in records.INTAKES): records.take_in_chunk,
}
"""How updates are stored in the session's transaction, by the kinds that are stored together."""
_INTAKES: Mapping[str, Intake[Any, Any]] = {
    RecordKind.INCIDENT.value: incidents.INTAKE,
    **{kind.value: intake for kind, intake in records.INTAKES.items()},
}
_NAMES: Mapping[str, frozenset[str]] = {
    RecordKind.INCIDENT.value: frozenset(IncidentIn.__struct_fields__),
    **{kind.value: frozenset(of.fields.__struct_fields__) for kind, of in KINDS.items()},
}
_EXTRA_AT_MOST = 100


async def leave_out(session: Session, memory: Memory, withdrawn: Iterable[Reading]) -> None:
    """Fold records without what receipts do not say any more, unless another one or a push does."""
    grouped: dict[tuple[str, int], list[Reading]] = {}
    for reading in withdrawn:
        version = reading.version
        grouped.setdefault((version.kind, version.source_id), []).append(reading)
    for kind in RecordKind:  # always in the same order, so that none waits in a circle
        for (_, source_id), some in sorted(
            (place, some) for place, some in grouped.items() if place[0] == kind
        ):
            if kind is RecordKind.INCIDENT:
                await leave_out_of_incidents(session, memory, source_id, some)
            else:
                await leave_out_of_records(session, memory, KINDS[kind], source_id, some)


def update_of(kind: str, fields: Mapping[str, Any], source: SourceRules) -> Any:
    """The update that an adapter's fields come to; raises Refused.

    Fields that this kind has not are kept as extra: what a tool says is never lost.
    """
    intake = _INTAKES[kind]
    try:
        raw = msgspec.json.encode(fitting(fields, _NAMES[kind]))
        return intake.accept(intake.decode(raw), source)
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
