"""What every wire model is made of: keys, texts, stamps, pages and problems."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    no_info_after_validator_function,
    no_info_before_validator_function,
)

T = TypeVar("T")

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")

_PLACES: Final = 20  # more than any number of a request may have


def _storable(text: str) -> str:
    """PostgreSQL text holds neither NUL nor lone surrogates: refuse them at the door."""
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return text


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _written_as_stamp(stamp: object) -> object:
    """Not the seconds since 1970 nor the shorter forms that pydantic takes for a moment."""
    if isinstance(stamp, datetime) or (isinstance(stamp, str) and _STAMP.fullmatch(stamp)):
        return stamp
    raise ValueError("must be a date and time with offset such as 2026-03-01T08:30:00Z")


def _within_years(stamp: datetime) -> datetime:
    try:
        in_utc = stamp.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1900 and 2200") from None
    if not 1900 <= in_utc.year < 2200:
        raise ValueError("must lie between the years 1900 and 2200")
    return in_utc


def _written_as_day(day: object) -> object:
    """Not the seconds since 1970 that pydantic takes for a date, as number or as text."""
    if isinstance(day, date) or (isinstance(day, str) and _DAY.fullmatch(day)):
        return day
    raise ValueError("must be a date such as 2026-03-01")


def _within_calendar(day: date) -> date:
    if not 1900 <= day.year < 2200:
        raise ValueError("must lie between the years 1900 and 2200")
    return day


def _written_as_number(value: object) -> object:
    """Not all that Python takes for a number: underscores, spaces, digits of other scripts."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("must be a decimal number such as 1250.00")
    return value


def _without_exponent(number: Decimal) -> Decimal:
    exponent = int(number.as_tuple().exponent)
    # A zero of a hundred million places, eleven letters long, is within every limit of digits.
    if not number and not -_PLACES <= exponent <= 0:
        return Decimal(0)
    return Decimal(format(number, "f"))


class _Exact:
    """A text has to be a number as JSON writes it, and 1e3 is shown as 1000.

    No validators in `Annotated`: beside them the contract would lose the limits of the number.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        number = no_info_after_validator_function(_without_exponent, handler(source))
        return no_info_before_validator_function(_written_as_number, number)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        shown = handler(schema)
        for way in shown.get("anyOf", ()):
            if way["type"] == "string":
                way["pattern"] = f"^{_NUMBER.pattern}$"
        return shown


EXACT = _Exact()
"""Every `Decimal` of a request has it, after its limits: money, shares, hours, rates."""
Storable = AfterValidator(_storable)


class _NotBlank:
    """A text that must be there has to say something: spaces alone are none."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(_says_something, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"pattern": r"\S"} | handler(schema)


NOT_BLANK = _NotBlank()
Key = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=1, max_length=100),
    Field(description="Immutable slug, never reused", examples=["network-infrastructure"]),
]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200), Storable, NOT_BLANK]
LongText = Annotated[str, StringConstraints(max_length=10_000), Storable]
NonBlank = Annotated[LongText, StringConstraints(min_length=1), NOT_BLANK]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000), Storable, NOT_BLANK]
Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_written_as_stamp),
    AfterValidator(_within_years),
    Field(description="RFC 3339 with offset", examples=["2026-03-01T08:30:00Z"]),
]
Day = Annotated[
    date,
    BeforeValidator(_written_as_day),
    AfterValidator(_within_calendar),
    Field(description="RFC 3339 date", examples=["2026-03-01"]),
]


class Wire(BaseModel):
    """A request body: unknown fields are refused, so that a typing mistake is not lost data."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """A response body: read from rows, no defaults, so every field is required in the contract."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page(Out, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None


class FieldProblem(Out):
    pointer: str = Field(description="RFC 6901 JSON pointer to the bad field")
    detail: str
    code: str


class Problem(BaseModel):
    """RFC 9457 problem details; `code` is stable, further members depend on it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:tollgate:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["not_found"])
    instance: str = Field(description="Path of the request")
    request_id: str
    errors: list[FieldProblem]


_FACT = {
    "anyOf": [
        {"type": "number"},
        {"type": "boolean"},
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "null"},
    ]
}


class FactValue(Out):
    """A fact of one service: null when its owner has no value, and then `reason` says why."""

    # Not checked here: a value of another type is told by who judges it, not a reply that fails.
    value: Annotated[
        Any, WithJsonSchema(_FACT | {"description": "of the `type` that its definition says"})
    ]
    as_of: datetime
    reason: str | None


FactName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MOST_FACT_NAMES = 300
"""Asked for by name in one question; who needs more asks for all, which are not many more."""


class ServiceFacts(Out):
    service: str
    facts: dict[str, FactValue]


class FactDefinition(Out):
    name: str = Field(description="snake_case identifier, unique over all services")
    type: str = Field(
        description="number, integer, boolean, string or list",
        json_schema_extra={"enum": ["number", "integer", "boolean", "string", "list"]},
    )
    unit: str | None
    owner: str = Field(
        description="catalog, metrics or improvement",
        json_schema_extra={"enum": ["catalog", "metrics", "improvement"]},
    )
    meaning: str


class FactCatalog(Out):
    items: list[FactDefinition]
