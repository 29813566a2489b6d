"""PostgreSQL's COPY text format, made by hand: it is what bounds a bulk load in Python. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _text(value: str) -> str:
    # isprintable() is false for every character that needs an escape but the backslash.
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode().replace("\\", r"\\")


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: r"\N",
    str: _text,
    int: str,
    bool: lambda value: "t" if value else "f",
    datetime: str,
    bytes: lambda value: r"\\x" + value.hex(),
    dict: _json,
}


def copy_text(rows: Iterable[Sequence[Any]]) -> str:
    """The rows as the input of COPY FROM STDIN."""
    writers = _WRITERS
    return "".join(
        ["\t".join([writers[value.__class__](value) for value in row]) + "\n" for row in rows]
    )
