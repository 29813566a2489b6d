"""The terms of a charging model: each kind has the parameters it needs, and no others."""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, RootModel, model_validator

from catalog_api.charging.rules import ChargingKind
from catalog_api.money import Amount
from shared.schemas.common import EXACT, ShortText, Wire

Units = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4, examples=["250"]), EXACT]
UnitName = Annotated[ShortText, Field(description="what one unit is", examples=["mailbox"])]


class NoCharge(Wire):
    """Paid for by nobody in particular: a cost of the whole organisation."""

    kind: Literal[ChargingKind.NONE]


class Flat(Wire):
    """The same amount for each customer and month."""

    kind: Literal[ChargingKind.FLAT]
    amount: Amount


class PerUser(Wire):
    """An amount for each user and month."""

    kind: Literal[ChargingKind.PER_USER]
    amount: Amount


class PerUnit(Wire):
    """An amount for each unit consumed."""

    kind: Literal[ChargingKind.PER_UNIT]
    amount: Amount
    unit: UnitName


class Tier(Wire):
    """The units above `above` and up to `up_to`, null for all further ones, at one price each."""

    above: Units
    up_to: Units | None = None
    amount: Amount


class Tiered(Wire):
    """Each unit at the price of the tier it falls into, month by month; tiers leave no gap."""

    kind: Literal[ChargingKind.TIERED]
    unit: UnitName
    tiers: Annotated[list[Tier], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _contiguous(self) -> "Tiered":
        if self.tiers[0].above != 0:
            raise ValueError("the first tier must begin above 0")
        if self.tiers[-1].up_to is not None:
            raise ValueError("the last tier must have no up_to: there is a price for every unit")
        for one, following in pairwise(self.tiers):
            if one.up_to is None or one.up_to <= one.above:
                raise ValueError(f"the tier above {one.above} must end above that")
            if following.above != one.up_to:
                raise ValueError(f"the tier after up_to {one.up_to} must begin above {one.up_to}")
        return self


Terms = Annotated[NoCharge | Flat | PerUser | PerUnit | Tiered, Field(discriminator="kind")]


class KeptTerms(RootModel[Terms]):
    """Terms as they are read back from the database."""
