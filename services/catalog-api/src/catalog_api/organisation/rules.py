"""What units and roles are, and when a unit may move or end."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

SERVICE_OWNER = "service_owner"


class UnitKind(StrEnum):
    """`external` is a part of another company, such as a supplier's service desk."""

    COMPANY = "company"
    BUSINESS_AREA = "business_area"
    DEPARTMENT = "department"
    TEAM = "team"
    EXTERNAL = "external"


def path_up(unit: str, parents: Mapping[str, str | None]) -> list[str]:
    """The unit and those above it, nearest first."""
    path = [unit]
    while (above := parents.get(path[-1])) is not None:
        path.append(above)
    return path


def cycle(unit: str, parent: str | None, parents: Mapping[str, str | None]) -> list[str]:
    """The circle that putting `unit` under `parent` would close, from unit to unit; else empty.

    `parents` is the present tree, which has no circle.
    """
    if parent is None:
        return []
    above = path_up(parent, parents)
    if unit not in above:
        return []
    return [unit, *above[: above.index(unit) + 1]]


def overlaps(
    begins: date, ends: date | None, others: Iterable[tuple[date, date | None]]
) -> tuple[date, date | None] | None:
    """The first of the other memberships that shares a day with [begins, ends), or None."""
    for other_begins, other_ends in others:
        before_it_ends = other_ends is None or begins < other_ends
        after_it_begins = ends is None or other_begins < ends
        if before_it_ends and after_it_begins:
            return other_begins, other_ends
    return None


def missing_roles(required: Iterable[str], held: Iterable[str]) -> list[str]:
    """Roles that a service needs at its stage and nobody holds."""
    return sorted(set(required) - set(held))


def uncatalogued(held: Iterable[str], catalogued: Iterable[str]) -> list[str]:
    """Roles that somebody holds and the catalog of roles does not describe."""
    return sorted(set(held) - set(catalogued))
