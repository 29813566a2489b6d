"""What a month of consumption is charged, and which states a charge goes through."""

from enum import StrEnum

from shared.kit.states import Moves


class ChargingKind(StrEnum):
    NONE = "none"
    FLAT = "flat"
    PER_USER = "per_user"
    PER_UNIT = "per_unit"
    TIERED = "tiered"


class ChargeState(StrEnum):
    INVOICED = "invoiced"
    RECOVERED = "recovered"
    CANCELLED = "cancelled"


MOVES: Moves[ChargeState] = {
    ChargeState.INVOICED: (ChargeState.RECOVERED, ChargeState.CANCELLED),
    ChargeState.RECOVERED: (ChargeState.CANCELLED,),
    ChargeState.CANCELLED: (),
}
