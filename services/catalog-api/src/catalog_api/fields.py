"""Types of fields that several domains of the catalog take."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints


def _within_years(day: date) -> date:
    if not 1900 <= day.year < 2200:
        raise ValueError("must lie between the years 1900 and 2200")
    return day


Day = Annotated[
    date,
    AfterValidator(_within_years),
    Field(description="RFC 3339 full-date", examples=["2026-12-24"]),
]
# Printable ASCII, as RFC 3986 demands; other characters are percent-encoded.
Uri = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$", max_length=2000),
    Field(description="RFC 3986 URI", examples=["https://wiki.example.org/board/2026-03"]),
]
