"""Types of fields that several domains of the catalog take."""

from typing import Annotated

from pydantic import Field, StringConstraints

# Printable ASCII, as RFC 3986 demands; other characters are percent-encoded.
Uri = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$", max_length=2000),
    Field(description="RFC 3986 URI", examples=["https://wiki.example.org/board/2026-03"]),
]

HASH_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
