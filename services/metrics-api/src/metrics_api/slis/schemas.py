"""SLIs on the wire: OpenSLO v1 maps onto these field by field."""

from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
)

from metrics_api.slis.rules import FeedKind, RatioParts, RecordMeasure, SliKind, SliState
from shared.kit.patches import absent
from shared.schemas.common import EXACT, Key, Out, ShortText, Storable, Wire

ObjectKey = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", min_length=1, max_length=63),
    Field(
        description="Name of an RFC 1123 label, as OpenSLO's metadata.name; never reused",
        examples=["checkout-latency"],
    ),
]
Description = Annotated[
    str, StringConstraints(max_length=1050), Storable, Field(examples=["Requests without errors"])
]
LabelName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=63)
]
Label = Annotated[str, StringConstraints(max_length=1000), Storable]
Labels = Annotated[
    dict[LabelName, Label | Annotated[list[Label], Field(max_length=50)]],
    Field(max_length=50, examples=[{"team": "identity", "tags": ["auth"]}]),
]
AnnotationName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=317)
]
Annotations = Annotated[
    dict[AnnotationName, Annotated[str, StringConstraints(max_length=10_000), Storable]],
    Field(max_length=50, examples=[{"example.com/dashboard": "https://grafana.example/d/1"}]),
]
AS_NUMBER = PlainSerializer(float, return_type=float, when_used="json")
"""Decimals on the wire that are no money: numbers."""
_DEPTH, _VALUES = 10, 1_000


class Kept(Wire):
    """A part that is answered as it was sent, with all its fields."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )


def _bounded(value: JsonValue) -> JsonValue:
    """What is kept as it was sent must be storable, and no deeper or larger than people write."""
    layer: list[JsonValue] = [value]
    seen = 0
    for _ in range(_DEPTH):
        below: list[JsonValue] = []
        for one in layer:
            below += _parts(one)
        seen += len(below)
        if not below:
            return value
        if seen > _VALUES:
            break
        layer = below
    raise ValueError(f"must be at most {_DEPTH} levels deep and hold at most {_VALUES} values")


def _parts(one: JsonValue) -> list[JsonValue]:
    if isinstance(one, str):
        _check_text(one)
    if isinstance(one, float) and not isfinite(one):
        raise ValueError("must hold finite numbers only")
    if isinstance(one, int) and abs(one) >= 10**30:
        raise ValueError("must hold no such huge integers")
    if isinstance(one, dict):
        for name in one:
            _check_text(name)
        return list(one.values())
    return list(one) if isinstance(one, list) else []


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("must not contain NUL characters or lone surrogates")


class MetricSource(Kept):
    """A query as OpenSLO's metricSource has it; `spec` is kept as it was sent."""

    metric_source_ref: ShortText | None = Field(None, description="a data source")
    type: ShortText | None = Field(None, examples=["Prometheus"])
    spec: Annotated[dict[str, JsonValue], AfterValidator(_bounded)] = Field(
        default_factory=dict,
        examples=[{"query": 'sum(rate(http_requests_total{code!~"5.."}[1m]))'}],
    )


class RecordFeed(Kept):
    """Events are records of the SLI's service; the filters narrow them."""

    kind: Literal[FeedKind.RECORDS]
    measure: RecordMeasure
    priorities: list[Annotated[int, Field(ge=1, le=5)]] = Field(
        default_factory=list, max_length=5, description="any of these; none: all"
    )
    channels: list[ShortText] = Field(
        default_factory=list, max_length=20, description="any of these; none: all"
    )
    within_hours: (
        Annotated[Decimal, Field(gt=0, le=100_000, decimal_places=4), EXACT, AS_NUMBER] | None
    ) = Field(None, description="of the measures that end in _within")


class SampleFeed(Kept):
    """Events are pushed to `POST /v1/slis/{key}/samples`."""

    kind: Literal[FeedKind.SAMPLES]


class PrometheusFeed(Kept):
    """Events are the answers of a Prometheus server to the queries of `sources`."""

    kind: Literal[FeedKind.PROMETHEUS]
    server: ObjectKey | None = Field(None, description="key of the server that is asked")
    step_seconds: int = Field(60, ge=1, le=86_400, description="distance of the samples")


Feed = Annotated[RecordFeed | SampleFeed | PrometheusFeed, Field(discriminator="kind")]
Part = Literal["good", "bad", "total", "raw", "threshold"]


class SliCreate(Wire):
    """`sources` hold the queries by part: good or bad and total, raw, or threshold."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "checkout-latency",
                    "service": "erp",
                    "kind": "threshold",
                    "unit": "ms",
                    "feed": {"kind": "samples"},
                }
            ]
        }
    )

    key: ObjectKey
    service: Key
    name: ShortText | None = Field(None, description="OpenSLO's displayName")
    description: Description = ""
    kind: SliKind
    parts: RatioParts | None = Field(None, description="of a ratio")
    counter: bool = Field(False, description="good, bad and total only grow, but for resets")
    unit: Annotated[str, StringConstraints(max_length=40), Storable] | None = Field(
        None, description="of the values of a threshold", examples=["ms"]
    )
    feed: Feed
    sources: dict[Part, MetricSource] = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)


class SliPatch(Wire):
    """What can be changed; kind, parts and counter decide what samples mean and stay."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"description": "Time to answer, as the balancer measures it"}]
        }
    )

    name: ShortText | None = absent()
    description: Description = absent()
    unit: Annotated[str, StringConstraints(max_length=40), Storable] | None = absent()
    feed: Feed = absent()
    sources: dict[Part, MetricSource] = absent()
    labels: Labels = absent()
    annotations: Annotations = absent()


class SliOut(Out):
    key: str
    service: str
    name: str | None
    description: str
    kind: SliKind
    parts: RatioParts | None
    counter: bool
    unit: str | None
    feed: Feed
    sources: dict[Part, MetricSource]
    labels: Labels
    annotations: Annotations
    state: SliState
    version: int
    recorded_at: datetime = Field(description="when this version was recorded")
    recorded_by: str
