"""What a tool may send of incidents and of every other kind of record. Pure.

A snapshot source sends the whole record, an event source the fields that changed; what a source
does is a setting of the source. A field that is null says that the tool has it, and nothing in it.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from metrics_api.intake.updates import Level, Words

STAMP = "RFC 3339; without an offset it is of the source's time zone, and refused if that has none"
# Not `date-time` in the contract: that is always with an offset.
Stamp = Annotated[datetime, Meta(description=STAMP, examples=["2026-03-01T08:30:00Z"])]
Beginning = Annotated[Stamp, Meta(description=f"{STAMP}. A snapshot source always sends it")]
Priority = Annotated[
    Level,
    Meta(
        description="1 (the highest) to 5, words that begin so (P1, 1 - Critical), or a word of the"
        " source's priority mapping; any other is kept as raw_priority"
    ),
]
Channel = Annotated[
    str,
    Meta(
        max_length=200,
        description="How it came in; `monitoring` is left out of first contact resolution",
        examples=["phone"],
    ),
]
State = Annotated[
    str,
    Meta(
        max_length=200,
        description="new, in_progress, on_hold, resolved, closed, cancelled, or a word of "
        "the source's state mapping; any other is kept and changes no state",
        examples=["in_progress"],
    ),
]


class UpdateIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What an update of any kind may say."""

    source: (
        Annotated[str, Meta(max_length=100, description="Needed unless an API key says it")]
        | UnsetType
    ) = UNSET
    external_id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            description="The tool's id",
            examples=["INC0042", "REQ0042"],
        ),
    ]
    version: (
        Annotated[int, Meta(ge=0, le=2**63 - 1, description="Orders updates before all else")]
        | UnsetType
        | None
    ) = UNSET
    updated_at: (
        Annotated[
            Stamp,
            Meta(
                description="When the tool made this update; it stamps the transitions. Absent: "
                f"the latest stamp that the update carries. {STAMP}"
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    title: Annotated[str, Meta(max_length=1000)] | UnsetType | None = UNSET
    service: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="The service in the tool's words, or its key: read it back as"
                " service_name; empty and ? name none",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    channel: Channel | UnsetType | None = UNSET
    touchpoint: (
        Annotated[str, Meta(max_length=200, description="Key of the touchpoint it came in by")]
        | UnsetType
        | None
    ) = UNSET
    vendor: (
        Annotated[str, Meta(max_length=200, description="Key or name of a vendor product")]
        | UnsetType
        | None
    ) = UNSET
    assignment_group: Words | UnsetType | None = UNSET
    extra: (
        Annotated[dict[str, Any], Meta(max_length=100, description="What has no field here")]
        | UnsetType
        | None
    ) = UNSET
