"""The kinds beside incidents: what may be sent, which stamps count, what follows. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from metrics_api.records import conclusions
from metrics_api.records.fields import (
    ChangeIn,
    InfrastructureEventIn,
    OutageIn,
    RecordIn,
    RequestIn,
    SurveyIn,
)
from shared.schemas.metrics import RecordKind


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    `starts`: stamps of which a snapshot sends at least one. `lasting`: those that hold until a
    version carries them anew, also for a snapshot source, as rule 3 has it for resolutions.
    """

    kind: RecordKind
    table: str
    noun: str
    fields: type[RecordIn]
    stamps: tuple[str, ...]
    starts: tuple[str, ...]
    lasting: tuple[str, ...]
    columns: tuple[str, ...]
    concluded: Callable[[Any, str | None, conclusions.Moves], dict[str, Any]]
    decoder: msgspec.json.Decoder[Any]


_RISK = ("risk_score", "risk_factors")


def _kind(  # noqa: PLR0913 - one argument per thing that differs between kinds
    kind: RecordKind,
    *,
    table: str,
    fields: type[RecordIn],
    stamps: tuple[str, ...],
    starts: tuple[str, ...],
    lasting: tuple[str, ...],
    concluded: Callable[[Any, str | None, conclusions.Moves], dict[str, Any]],
) -> Kind:
    of_nothing = concluded(fields(external_id="-"), None, ())
    return Kind(
        kind=kind,
        table=table,
        noun=kind.value.replace("_", " "),
        fields=fields,
        stamps=("updated_at", *stamps),
        starts=starts,
        lasting=lasting,
        columns=(*of_nothing, *(_RISK if kind is RecordKind.CHANGE else ())),
        concluded=concluded,
        decoder=msgspec.json.Decoder(fields),
    )


KINDS: Final[Mapping[RecordKind, Kind]] = {
    RecordKind.REQUEST: _kind(
        RecordKind.REQUEST,
        table="metrics.request_record",
        fields=RequestIn,
        stamps=("opened_at", "due_at", "started_at", "fulfilled_at", "ended_at"),
        starts=("opened_at",),
        lasting=("fulfilled_at", "ended_at"),
        concluded=conclusions.request,
    ),
    RecordKind.CHANGE: _kind(
        RecordKind.CHANGE,
        table="metrics.change_record",
        fields=ChangeIn,
        stamps=("opened_at", "planned_start_at", "planned_end_at", "started_at", "completed_at"),
        starts=("opened_at",),
        lasting=("completed_at",),
        concluded=conclusions.change,
    ),
    RecordKind.OUTAGE: _kind(
        RecordKind.OUTAGE,
        table="metrics.outage",
        fields=OutageIn,
        stamps=("started_at", "ended_at"),
        starts=("started_at",),
        lasting=("ended_at",),
        concluded=conclusions.outage,
    ),
    RecordKind.SURVEY: _kind(
        RecordKind.SURVEY,
        table="metrics.survey",
        fields=SurveyIn,
        stamps=("sent_at", "answered_at"),
        starts=("sent_at", "answered_at"),
        lasting=("answered_at",),
        concluded=conclusions.survey,
    ),
    RecordKind.INFRASTRUCTURE_EVENT: _kind(
        RecordKind.INFRASTRUCTURE_EVENT,
        table="metrics.infrastructure_event",
        fields=InfrastructureEventIn,
        stamps=("occurred_at", "cleared_at"),
        starts=("occurred_at",),
        lasting=("cleared_at",),
        concluded=conclusions.infrastructure_event,
    ),
}

FIELDS: Final = tuple(kind.fields for kind in KINDS.values())
"""What may be sent of each."""
