"""What a fact is, what its owner may answer, and when an answer counts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.schemas.common import FactDefinition, FactValue

STAGE_FACT = "service_stage"  # of the catalog, whatever a gate asks
LONGEST_LIST = 200  # with the limits of facts.expressions this bounds what a gate costs
LONGEST_ITEM = 200
LONGEST_TEXT = 1000
MALFORMED = "the value was malformed"
_LARGEST_INTEGER = 2**53 - 1  # up to here doubles, which expressions and RFC 8785 use, are exact


class FactType(StrEnum):
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    STRING = "string"
    LIST = "list"


class Owner(StrEnum):
    CATALOG = "catalog"
    METRICS = "metrics"
    IMPROVEMENT = "improvement"

    @property
    def api(self) -> str:
        """The owner's name as people know it."""
        return f"{self.value}-api"


@dataclass(frozen=True)
class OwnerReply:
    """What an owner said about a service; `failure` says why it could not be asked.

    An owner that does not know the service answered: it has no value for any of its facts.
    """

    owner: Owner
    facts: Mapping[str, FactValue]
    failure: str | None = None
    knows_service: bool = True


@dataclass(frozen=True)
class UsedFact:
    """A fact that a criterion asks for, as the fact catalog described it at that time."""

    name: str
    type: FactType
    owner: Owner


@dataclass(frozen=True)
class Known:
    """The owner's value, good for an expression."""

    seen: FactValue


@dataclass(frozen=True)
class Unknown:
    """The owner has no value, or an old one: the criterion's missing policy applies."""

    reason: str
    seen: FactValue


@dataclass(frozen=True)
class Broken:
    """The fact could not be had: the criterion's outcome is an error."""

    reason: str
    seen: FactValue | None = None


Heard = Mapping[Owner, Sequence[FactDefinition]]
"""What facts their owners have just said that they have."""


def look_up(
    fact: UsedFact,
    replies: Mapping[Owner, OwnerReply],
    now: datetime,
    freshness: timedelta | None,
) -> Known | Unknown | Broken:
    """Judge one fact (rules "Tollgates" 2): reachable, published, well typed, present, fresh."""
    reply = replies.get(fact.owner)
    if reply is None or reply.failure is not None:
        failure = "was not asked" if reply is None else reply.failure
        return Broken(f"{fact.owner.api} {failure}")
    if not reply.knows_service:
        reason = f"{fact.owner.api} does not know the service"
        return Unknown(reason, FactValue(value=None, as_of=now, reason=reason))
    seen = reply.facts.get(fact.name)
    if seen is None:
        return Broken(f"{fact.owner.api} does not publish the fact {fact.name}")
    return _judged(fact, seen, now, freshness)


def _judged(
    fact: UsedFact, seen: FactValue, now: datetime, freshness: timedelta | None
) -> Known | Unknown | Broken:
    if seen.value is None:
        why = _printable(seen.reason or "no reason given")
        missing = FactValue(value=None, as_of=seen.as_of, reason=why)
        return Unknown(f"{fact.name} has no value: {why}", missing)
    fault = fault_of(seen.value, fact.type)
    if seen.as_of.tzinfo is None:
        fault = "has a stamp without offset"
    if fault is not None:
        return Broken(f"{fact.name} {fault}", _malformed(now))
    value = float(seen.value) if fact.type is FactType.NUMBER else seen.value
    seen = FactValue(value=value, as_of=seen.as_of, reason=None)
    if freshness is not None and now - seen.as_of > freshness:
        age = f"older than {hours(freshness)} h"
        return Unknown(f"{fact.name} is of {seen.as_of.isoformat()}, {age}", seen)
    return Known(seen)


def fault_of(value: Any, kind: FactType) -> str | None:
    """Why a value is not of its fact's type and size; None when it is."""
    check = {
        FactType.NUMBER: _number_fault,
        FactType.INTEGER: _integer_fault,
        FactType.BOOLEAN: lambda v: None if isinstance(v, bool) else "is not true or false",
        FactType.STRING: _text_fault,
        FactType.LIST: _list_fault,
    }[kind]
    return check(value)


def _number_fault(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "is not a number"
    # Compared first: isfinite() cannot even read an integer beyond the doubles.
    if abs(value) > 1e300 or not math.isfinite(value):
        return "is not a finite number"
    return None


def _integer_fault(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return "is not a whole number"
    return "is too large" if abs(value) > _LARGEST_INTEGER else None


def _text_fault(value: Any) -> str | None:
    if not isinstance(value, str):
        return "is not a text"
    if not value.isprintable():
        return "has characters that cannot be stored or shown"
    return "is too long" if len(value) > LONGEST_TEXT else None


def _list_fault(value: Any) -> str | None:
    if not isinstance(value, list) or any(_text_fault(item) for item in value):
        return "is not a list of texts"
    too_long = len(value) > LONGEST_LIST or any(len(item) > LONGEST_ITEM for item in value)
    return "is too long" if too_long else None


def for_expression(value: Any) -> Any:
    """A value as expressions see it: every number is a double, since CEL never converts."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _printable(text: str) -> str:
    """What others wrote, as one line that can be stored and shown."""
    return "".join(letter for letter in text if letter.isprintable())[:500]


def hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g}"


def _malformed(now: datetime) -> FactValue:
    """What stands for a value that its owner sent against its own contract: that is not kept."""
    return FactValue(value=None, as_of=now, reason=MALFORMED)


def well_formed(definition: FactDefinition, owner: Owner) -> bool:
    """Whether a definition can enter the merged catalog: known type, CEL name, its own owner."""
    return (
        definition.owner == owner
        and definition.type in set(FactType)
        and definition.name.isidentifier()
        and definition.name.isascii()
        and definition.name == definition.name.lower()
    )


def usable(definitions: Iterable[FactDefinition]) -> dict[str, UsedFact]:
    """What criteria need to know of facts, by name."""
    return {
        fact.name: UsedFact(fact.name, FactType(fact.type), Owner(fact.owner))
        for fact in definitions
    }
