"""Writing priority schemes, choosing which one holds, and asking it for a priority."""

from catalog_api.priorities import queries, rules
from catalog_api.priorities.rules import Assigned, UnknownLevel
from shared.errors import Invalid
from shared.kit.database import Session


async def priority_of(session: Session, service: str, impact: str, urgency: str) -> Assigned | None:
    """The priority that the scheme of a service gives; None when there is no scheme at all.

    422 naming the levels of the scheme for an impact or urgency that it does not have.
    """
    scheme = await queries.scheme_of(session, service)
    if scheme is None:
        return None
    try:
        return rules.assign(scheme, impact, urgency)  # type: ignore[arg-type]
    except UnknownLevel as error:
        raise Invalid(
            str(error),
            code=f"unknown_{error.field}",
            pointer=f"/{error.field}",
            allowed=error.allowed,
        ) from error
