"""When two names of ITSM tools are the same name."""

from collections.abc import Iterable

from shared.schemas.catalog import Reference


def fold(name: str) -> str:
    """The form in which names are compared: no case, single spaces, none at the ends."""
    return " ".join(name.split()).casefold()


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
