"""Who must own a service, and what changes between the present owners and the wanted ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalog_api.stages.rules import is_live
from shared.schemas.catalog import OwnerAssignment, Stage

SERVICE_OWNER = "service_owner"


@dataclass(frozen=True, order=True)
class Holder:
    """A person in a role."""

    role: str
    subject: str


@dataclass(frozen=True)
class OwnerDifference:
    ended: list[Holder]
    begun: list[Holder]


def holders(owners: Iterable[OwnerAssignment]) -> list[Holder]:
    return [Holder(owner.role, owner.subject) for owner in owners]


def lacks_service_owner(stage: Stage, owners: Iterable[Holder]) -> bool:
    """A live service has exactly one service_owner; before and after it may have none."""
    return is_live(stage) and not any(owner.role == SERVICE_OWNER for owner in owners)


def repeated(owners: Iterable[Holder]) -> list[tuple[int, str]]:
    """Positions of assignments that cannot stand beside an earlier one, with the reason."""
    seen: set[Holder] = set()
    problems = []
    for position, owner in enumerate(owners):
        if owner in seen:
            problems.append((position, f"{owner.subject} is named as {owner.role} twice"))
        elif owner.role == SERVICE_OWNER and any(one.role == SERVICE_OWNER for one in seen):
            problems.append((position, "a service has one service_owner"))
        seen.add(owner)
    return problems


def difference(present: Iterable[Holder], wanted: Iterable[Holder]) -> OwnerDifference:
    """Who stops and who starts; those who stay keep their beginning."""
    before, after = set(present), set(wanted)
    return OwnerDifference(ended=sorted(before - after), begun=sorted(after - before))
