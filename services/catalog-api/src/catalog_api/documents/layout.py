"""How the values of a document are laid out on its page: pairs, tables, and what hangs below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from shared.kit.pages import moment

NOTHING: Final = "–"
LEFT_OUT: Final = frozenset(
    {"id", "link_id", "revision", "created_at", "updated_at", "changed_at", "linked_at"}
)
"""What programs need of a resource: in the JSON, but nothing to print."""
_SHORT: Final = 4  # members of an object that is told in one line
_WIDEST: Final = 8  # columns of a table that fits onto a page
_ACRONYMS: Final = (
    "ID",
    "KPI",
    "KPIs",
    "MTPD",
    "OLA",
    "RACI",
    "RPO",
    "RTO",
    "SLA",
    "SLI",
    "SLO",
    "TCO",
)
_WRITTEN: Final = {word.lower(): word for word in _ACRONYMS}


@dataclass(frozen=True)
class Fields:
    """An object: what fits into a line as pairs, everything else below them under its name."""

    pairs: list[tuple[str, str]]
    parts: list[tuple[str, "Laid"]]


@dataclass(frozen=True)
class Rows:
    """A list of objects: a table of what fits into cells; the rest of a row stands below it."""

    columns: list[str]
    rows: list[tuple[list[str], list[tuple[str, "Laid"]]]]


Laid = str | Fields | Rows


def laid_out(value: Any) -> Laid:
    """The layout of a value in Python's types (`model_dump()`)."""
    if isinstance(value, Mapping):
        return _fields(value)
    return line(value) if _fits_a_line(value) else _rows(value)


def title(name: str) -> str:
    """`recovery_time_hours` as a heading."""
    words = [_WRITTEN.get(word, word) for word in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def line(value: Any) -> str:
    """A value as text; NOTHING where there is none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Enum):
        return str(value.value).replace("_", " ")
    if isinstance(value, Mapping):
        return _told(value)
    if _is_list(value):
        return ", ".join(map(line, value)) or NOTHING
    return NOTHING if value in (None, "") else str(value)


def _told(value: Mapping[str, Any]) -> str:
    """What an object says, each with its name; without where only one member says anything."""
    told = {name: line(part) for name, part in _shown(value) if line(part) != NOTHING}
    if len(told) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{title(name).lower()} {text}" for name, text in told.items()) or NOTHING


def _fits_a_line(value: Any) -> bool:
    """Nothing, a single value, a list of such, or a small object of such."""
    if isinstance(value, Mapping):
        return len(value) <= _SHORT and not any(map(_is_nested, value.values()))
    if _is_list(value):
        return not any(map(_is_nested, value))
    return True


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or _is_list(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, part) for name, part in value.items() if name not in LEFT_OUT]


def _fields(value: Mapping[str, Any]) -> Fields | Rows:
    if _is_matrix(value):
        return _rows([{"": title(name)} | part for name, part in value.items()])
    shown = _shown(value)
    return Fields(
        [(title(name), line(part)) for name, part in shown if _fits_a_line(part)],
        [(title(name), laid_out(part)) for name, part in shown if not _fits_a_line(part)],
    )


def _is_matrix(value: Mapping[str, Any]) -> bool:
    """Several objects of the same members, none of them nested."""
    parts = list(value.values())
    return (
        len(parts) > 1
        and all(isinstance(part, Mapping) and part.keys() == parts[0].keys() for part in parts)
        and not any(_is_nested(inner) for part in parts for inner in part.values())
    )


def _rows(values: Sequence[Any]) -> Rows | Fields:
    """A column for each member that fits into a cell in all rows and is there in some.

    None, or too many for a page: one row below the other instead.
    """
    rows = [value if isinstance(value, Mapping) else {"value": value} for value in values]
    names = list(dict.fromkeys(name for row in rows for name, _ in _shown(row)))
    below = [name for name in names if not all(_fits_a_line(row.get(name)) for row in rows)]
    columns = [
        name
        for name in names
        if name not in below and any(line(row.get(name)) != NOTHING for row in rows)
    ]
    if not 0 < len(columns) <= _WIDEST:
        told = [{name: part for name, part in row.items() if line(part) != NOTHING} for row in rows]
        return Fields([], [(_name_of(row, n), _fields(row)) for n, row in enumerate(told, start=1)])
    return Rows(
        [title(name) for name in columns],
        [
            (
                [line(row.get(name)) for name in columns],
                [
                    (title(name), laid_out(row[name]))
                    for name in names
                    if name in below & row.keys()
                ],
            )
            for row in rows
        ],
    )


def _name_of(row: Mapping[str, Any], place: int) -> str:
    return next((str(row[name]) for name in ("name", "title", "key") if name in row), f"{place}.")
