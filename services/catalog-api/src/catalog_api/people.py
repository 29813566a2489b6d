"""Who a caller is, and which roles they hold: by their token, and by what they own."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.ownership.queries import roles_held
from shared.errors import Forbidden
from shared.kit.auth import Principal


def require_person(caller: Principal, act: str) -> str:
    """The person who acts; approving and signing is done in person (403)."""
    if caller.kind != "user" or caller.on_behalf_of is not None:
        raise Forbidden(f"Only a person can {act}, and nobody in their place", code="not_in_person")
    return caller.subject


async def roles_of(session: AsyncSession, caller: Principal, service: str | None) -> set[str]:
    """Roles of the caller's token and, for a service, those they hold as one of its owners."""
    owned = set() if service is None else await roles_held(session, service, caller.person)
    return set(caller.roles) | owned


async def require_role(
    session: AsyncSession,
    caller: Principal,
    wanted: Collection[str],
    service: str | None,
    act: str,
) -> set[str]:
    """Those of the wanted roles that the caller holds; 403 naming what is missing if none."""
    held = await roles_of(session, caller, service) & set(wanted)
    if not held:
        raise Forbidden(
            f"To {act} needs the role {' or '.join(sorted(wanted))}",
            code="role_missing",
            missing_role=sorted(wanted),
        )
    return held
