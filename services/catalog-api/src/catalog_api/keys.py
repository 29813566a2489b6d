"""Keys of portfolios and services: made from names where none is given, never changed or reused."""

import re
import unicodedata
from collections.abc import Collection
from itertools import count

from shared.errors import Conflict, Invalid

MAX_LENGTH = 100


def slug(name: str) -> str:
    """A key made from a name: accents dropped, words joined by hyphens; may come out empty."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_LENGTH].rstrip("-")


def key_for(key: str | None, name: str) -> str:
    """The key that was given, else the slug of the name; 422 when the name gives none."""
    made = key or slug(name)
    if not made:
        raise Invalid(
            "Give a key: the name has no letter or digit a key could be made of", pointer="/key"
        )
    return made


def free_variant(base: str, taken: Collection[str]) -> str:
    """The first of base-2, base-3, … that is not taken, within the length of a key."""
    for number in count(2):
        ending = f"-{number}"
        candidate = base[: MAX_LENGTH - len(ending)].rstrip("-") + ending
        if candidate not in taken:
            return candidate
    raise AssertionError("numbers do not end")


def key_taken(key: str, taken: Collection[str]) -> Conflict:
    """409 for a key that is or was in use, with one that is free."""
    suggestion = free_variant(key, taken)
    return Conflict(
        f"The key {key} is taken, and keys are never reused; {suggestion} is free",
        code="key_taken",
        pointer="/key",
        suggestion=suggestion,
    )
