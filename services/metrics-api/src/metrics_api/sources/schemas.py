"""Wire models of sources, their secrets and their API keys."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from metrics_api.sources.rules import folded
from metrics_api.sources.signatures import RENAMABLE, Scheme, Signing
from metrics_api.sources.tools.mapping import LONGEST, BadExpression, compiled
from metrics_api.sources.tools.registry import nearly, tool_of
from shared.schemas.catalog import ZoneName
from shared.schemas.common import Key, Out, ShortText, Storable, Timestamp, Wire
from shared.schemas.metrics import IncidentState, RecordKind

Zone = Annotated[
    ZoneName,
    Field(description="IANA time zone of stamps without an offset; null: such stamps are refused"),
]
Priority = Annotated[int, Field(ge=1, le=5)]


def _each_once(mapping: dict[str, Any]) -> dict[str, Any]:
    """Words compare without case, so two that are the same would mean two things."""
    known: dict[str, str] = {}
    for words in mapping:
        same = known.setdefault(folded(words), words)
        if same != words:
            raise ValueError(f"{same!r} and {words!r} are the same words but for case and blanks")
    return mapping


# A key of a mapping: a pattern would make `patternProperties` of it, which few generators know.
Words = Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
StateMapping = Annotated[
    dict[Words, IncidentState],
    Field(max_length=200, description="the tool's words (without case) to our states"),
    AfterValidator(_each_once),
]
PriorityMapping = Annotated[
    dict[Words, Priority],
    Field(max_length=200, description="the tool's words (without case) to 1-5"),
    AfterValidator(_each_once),
]


_MAPPABLE = re.compile(
    r"^(kind|external_id|version|updated_at|state|title|service|priority|impact|urgency|channel"
    r"|assignment_group|vendor|touchpoint|customer|problem|caused_by|reassignment_count"
    r"|reopen_count|first_contact|major|opened_at|acknowledged_at|resolved_at|closed_at|due_at"
    r"|started_at|fulfilled_at|ended_at|offering|requester|low_value|planned_start_at"
    r"|planned_end_at|completed_at|outcome|emergency|risk_score|planned|degraded|sent_at"
    r"|answered_at|score|comment|about|occurred_at|cleared_at|severity|component"
    r"|extra\.[A-Za-z0-9_-]{1,60})$"
)


def _field(name: str) -> str:
    if not _MAPPABLE.match(name):
        raise ValueError("is none of our fields, kind, or extra.<name>")
    return name


def _expression(words: str) -> str:
    try:
        compiled(words)
    except BadExpression as error:
        raise ValueError(str(error)) from None
    return words


FieldMapping = Annotated[
    dict[
        Annotated[str, AfterValidator(_field)],
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=LONGEST),
            Storable,
            AfterValidator(_expression),
        ],
    ],
    Field(
        max_length=60,
        description="our field, kind or extra.<name> to a JMESPath expression into what the tool"
        " sends; what it looks into is `mapping_root` of the kind, see /v1/source-kinds",
        examples=[{"service": "issue.fields.customfield_10020.value"}],
    ),
]
HeaderName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$", to_lower=True),
    Field(examples=["x-hub-signature"]),
]


class KindOrIgnore(StrEnum):
    """What a record of a tool is to us, or that it is nothing."""

    INCIDENT = "incident"
    REQUEST = "request"
    CHANGE = "change"
    OUTAGE = "outage"
    SURVEY = "survey"
    INFRASTRUCTURE_EVENT = "infrastructure_event"
    IGNORE = "ignore"


KindMapping = Annotated[
    dict[Words, KindOrIgnore],
    Field(
        max_length=200,
        description="the tool's words for a kind of record (issue type, table, class) to ours",
        examples=[{"[System] Change": "change", "Epic": "ignore"}],
    ),
    AfterValidator(_each_once),
]
RetentionDays = Annotated[
    int, Field(ge=1, le=3650, description="how long bodies are kept as they were received")
]


class SignatureSettings(Wire):
    """How the tool's deliveries are signed; what is absent is as the scheme has it."""

    scheme: Scheme
    header: HeaderName | None = None
    timestamp_header: HeaderName | None = None
    tolerance_seconds: Annotated[int, Field(ge=1, le=604_800)] | None = None

    @model_validator(mode="after")
    def _headers_can_be_renamed(self) -> "SignatureSettings":
        if (self.header or self.timestamp_header) and self.scheme not in RENAMABLE:
            raise ValueError(f"the headers of {self.scheme} have fixed names")
        if self.timestamp_header and self.scheme not in (Scheme.GRAFANA, Scheme.HMAC):
            raise ValueError(f"{self.scheme} signs no time")
        return self


class SignatureOut(Out):
    """The scheme in force, with its headers."""

    scheme: Scheme
    header: str
    timestamp_header: str | None
    tolerance_seconds: int


def signing_of(settings: SignatureSettings | None, built_in: Signing) -> Signing:
    """The signing in force: the source's, else that of its kind."""
    if settings is None:
        return built_in
    tolerance = built_in.tolerance
    if settings.tolerance_seconds is not None:
        tolerance = timedelta(seconds=settings.tolerance_seconds)
    return Signing(settings.scheme, settings.header, settings.timestamp_header, tolerance)


class Delivery(StrEnum):
    """What an update of the source carries: the whole record, or the fields that changed."""

    SNAPSHOT = "snapshot"
    EVENT = "event"


def _not_misspelt(kind: str) -> str:
    """Any other kind is read as `generic`, which would understand nothing that the tool sends."""
    if meant := nearly(kind):
        raise ValueError(
            f"is read as `generic`; the kind of that tool is `{meant}`. Of another tool it must"
            " begin otherwise"
        )
    return kind


SourceKind = Annotated[
    ShortText,
    Field(
        examples=["servicenow"],
        description="a kind of /v1/source-kinds; any other is read like `generic`",
    ),
    AfterValidator(_not_misspelt),
]


class SourceCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"key": "alarms", "name": "Our alarms", "kind": "alertmanager"}]
        }
    )

    key: Key
    name: ShortText
    kind: SourceKind = "generic"
    delivery: Annotated[Delivery | None, Field(description="null: as the kind does")] = None
    timezone: Zone | None = None
    state_mapping: StateMapping = Field(default_factory=dict)
    priority_mapping: PriorityMapping = Field(default_factory=dict)
    signature: Annotated[SignatureSettings | None, Field(description="null: as the kind signs")] = (
        None
    )
    field_mapping: FieldMapping = Field(default_factory=dict)
    kind_mapping: KindMapping = Field(default_factory=dict)
    record_kind: Annotated[
        RecordKind | None,
        Field(description="what records are where the tool does not say; null: as the kind has it"),
    ] = None
    retention_days: RetentionDays = 30


class SourceChange(Wire):
    """Fields that are absent stay. Changed mappings of states and priorities are applied to the
    records there are, soon; all else reads only what comes from then on, or is replayed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"state_mapping": {"waiting for parts": "on_hold"}}]}
    )

    name: ShortText | None = None
    kind: SourceKind | None = None
    timezone: Zone | None = None
    state_mapping: StateMapping | None = None
    priority_mapping: PriorityMapping | None = None
    signature: SignatureSettings | None = None
    field_mapping: FieldMapping | None = None
    kind_mapping: KindMapping | None = None
    record_kind: RecordKind | None = None
    retention_days: RetentionDays | None = None
    active: bool | None = None


class SourceOut(Out):
    key: str
    name: str
    kind: str
    delivery: Delivery
    timezone: str | None
    state_mapping: dict[str, IncidentState]
    priority_mapping: dict[str, int]
    signature: SignatureOut = Field(description="in force: the source's own, or its kind's")
    field_mapping: dict[str, str]
    kind_mapping: dict[str, KindOrIgnore]
    record_kind: RecordKind | None
    retention_days: int
    active: bool
    version: int
    created_at: datetime


class ApiKeyCreate(Wire):
    name: Annotated[ShortText, Field(examples=["production webhook"])]


class ApiKeyOut(Out):
    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class NewApiKeyOut(ApiKeyOut):
    """`key` is shown this once: only its hash is kept."""

    key: str = Field(examples=["tgk_4b9f0c1d2e_..."])


class SecretCreate(Wire):
    """`{}`: one is made. `secret`: one that the tool made is accepted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    secret: Annotated[
        str | None,
        StringConstraints(min_length=8, max_length=500, pattern=r"^[\x20-\x7e]+$"),
        Field(description="printable ASCII; null: a new one is made in the scheme's spelling"),
    ] = None
    others_expire_at: Annotated[
        Timestamp | None, Field(description="when the secret before it stops being valid")
    ] = None


class SecretOut(Out):
    id: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None


class NewSecretOut(SecretOut):
    """`secret` is shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class SourceVersionOut(Out):
    """A source as it was from `recorded_at` on."""

    version: int
    recorded_at: datetime
    recorded_by: str
    settings: dict[str, Any]


class SourceKindOut(Out):
    """A kind of tool that is known, and how to set it up."""

    kind: str
    name: str
    delivery: Delivery
    signature: SignatureOut = Field(description="unless the source says otherwise")
    schemes: list[Scheme] = Field(description="that the tool can be made to use")
    mapping_root: str = Field(description="what expressions of field_mapping look into")
    states: dict[str, IncidentState] = Field(description="the tool's words that need no mapping")
    priorities: dict[str, int]
    guide: str = Field(description="what to set up in the tool, with the script to copy")


def signature_out(signing: Signing) -> SignatureOut:
    header, timestamp_header = signing.headers
    if signing.scheme is Scheme.URL_TOKEN:
        header = "?token="
    return SignatureOut(
        scheme=signing.scheme,
        header=header,
        timestamp_header=timestamp_header,
        tolerance_seconds=int(signing.tolerance.total_seconds()),
    )


def source_out(source: Any) -> SourceOut:
    """A row of sources as it is shown."""
    own = source.signature and SignatureSettings.model_validate(source.signature)
    signing = signing_of(own or None, tool_of(source.kind).signing)
    return SourceOut.model_validate({**vars(source), "signature": signature_out(signing)})
