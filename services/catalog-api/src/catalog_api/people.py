"""Who a caller is, and which roles they hold: by their token, and by what they own."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.ownership.queries import roles_held
from catalog_api.portfolios.queries import get_portfolio
from catalog_api.registry.queries import get_service
from shared.errors import Forbidden
from shared.kit.auth import Principal

# Who acts when it is time that moves a state.
THE_CATALOG = Principal("catalog-api", "service", frozenset())
PORTFOLIO_MANAGER = "portfolio_manager"


def require_person(caller: Principal, act: str) -> str:
    """The person who acts; approving and signing is done in person (403)."""
    if caller.kind != "user" or caller.on_behalf_of is not None:
        raise Forbidden(f"Only a person can {act}, and nobody in their place", code="not_in_person")
    return caller.subject


async def roles_of(session: AsyncSession, caller: Principal, service: str | None) -> set[str]:
    """Roles of the caller's token and, for a service, those they hold as one of its owners."""
    owned = set() if service is None else await roles_held(session, service, caller.person)
    return set(caller.roles) | owned


async def roles_about(
    session: AsyncSession, caller: Principal, service: str | None, portfolio: str | None
) -> set[str]:
    """As roles_of, and portfolio_manager for who manages the portfolio, or the service's."""
    held = await roles_of(session, caller, service)
    if service is not None:
        portfolio = (await get_service(session, service)).portfolio
    if portfolio is not None:
        manager = (await get_portfolio(session, portfolio)).manager
        held |= {PORTFOLIO_MANAGER} if manager == caller.person else set()
    return held


async def require_role(
    session: AsyncSession,
    caller: Principal,
    wanted: Collection[str],
    service: str | None,
    act: str,
) -> set[str]:
    """Those of the wanted roles that the caller holds; 403 naming what is missing if none."""
    return check_role(await roles_of(session, caller, service), wanted, act)


def check_role(held: Collection[str], wanted: Collection[str], act: str) -> set[str]:
    """Those of the wanted roles that are held; 403 naming what is missing if none."""
    found = set(held) & set(wanted)
    if not found:
        raise Forbidden(
            f"To {act} needs the role {' or '.join(sorted(wanted))}",
            code="role_missing",
            missing_role=sorted(wanted),
        )
    return found
