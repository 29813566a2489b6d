"""When two names of ITSM tools are the same name."""

from collections.abc import Iterable

from shared.schemas.catalog import Reference

NO_NAME = "a blank name or ? stands for an unknown service and can name none"


def fold(name: str) -> str:
    """The form in which names are compared: no case, single spaces, none at the ends."""
    return " ".join(name.split()).casefold()


def names_nothing(name: str) -> bool:
    """Tools write these for an unknown service: records that carry them stay unattributed."""
    return fold(name) in ("", "?")


def repeated(references: Iterable[Reference]) -> list[int]:
    """Positions of references that say the same as an earlier one."""
    seen: set[tuple[str | None, str]] = set()
    positions = []
    for position, reference in enumerate(references):
        identity = (reference.source, fold(reference.name))
        if identity in seen:
            positions.append(position)
        seen.add(identity)
    return positions
