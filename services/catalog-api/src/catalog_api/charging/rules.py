"""Which states a charge goes through, and which model holds on a day. Pure."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

from shared.kit.states import Moves


class ChargingKind(StrEnum):
    NONE = "none"
    FLAT = "flat"
    PER_USER = "per_user"
    PER_UNIT = "per_unit"
    TIERED = "tiered"


class ChargeState(StrEnum):
    """What was invoiced is recovered once it is paid; either may turn out to be void."""

    INVOICED = "invoiced"
    RECOVERED = "recovered"
    CANCELLED = "cancelled"


MOVES: Moves[ChargeState] = {
    ChargeState.INVOICED: (ChargeState.RECOVERED, ChargeState.CANCELLED),
    ChargeState.RECOVERED: (ChargeState.CANCELLED,),
    ChargeState.CANCELLED: (),
}


class Dated(Protocol):
    """Anything that holds from a day on."""

    @property
    def valid_from(self) -> date: ...


Model = TypeVar("Model", bound=Dated)


def model_on(models: Sequence[Model], on: date) -> Model | None:
    """The model that holds on a day: the newest that has begun."""
    begun = [model for model in models if model.valid_from <= on]
    return max(begun, key=lambda model: model.valid_from, default=None)
