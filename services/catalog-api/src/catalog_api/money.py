"""Money: exact fractions while it is reckoned with, decimal strings with a currency on the wire."""

from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.schemas.common import EXACT

_WIDE = Context(prec=200)


def rounded(value: Fraction, places: int = 2) -> Decimal:
    """Half-even to the cent, or to so many decimal places."""
    return Decimal(round(value * 10**places)).scaleb(-places, _WIDE)


def first_day(month: str) -> date:
    """The first day of a month such as 2026-03."""
    return date.fromisoformat(f"{month}-01")


Currency = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    Field(description="ISO 4217 code", examples=["EUR"]),
]
Amount = Annotated[
    Decimal, Field(ge=0, max_digits=18, decimal_places=4, examples=["1250.00"]), EXACT
]
Month = Annotated[
    str,
    StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"),
    Field(description="Calendar month", examples=["2026-03"]),
]
