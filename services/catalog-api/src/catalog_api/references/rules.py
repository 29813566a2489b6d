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


Identity = tuple[str | None, str]


def identity(reference: Reference) -> Identity:
    """What makes two references the same: the source and the folded name."""
    return reference.source, fold(reference.name)


def repeated(references: Iterable[Reference]) -> list[int]:
    """Positions of references that say the same as an earlier one."""
    seen: set[Identity] = set()
    positions = []
    for position, reference in enumerate(references):
        if identity(reference) in seen:
            positions.append(position)
        seen.add(identity(reference))
    return positions


def as_spelt(wanted: Iterable[Reference], present: Iterable[Reference]) -> list[Reference]:
    """The wanted references in a fixed order, those that are there as they are spelt there."""
    spelt = {identity(reference): reference for reference in present}
    found = {identity(one): spelt.get(identity(one), one) for one in wanted}
    return [found[one] for one in sorted(found, key=lambda key: (key[1], key[0] or ""))]
