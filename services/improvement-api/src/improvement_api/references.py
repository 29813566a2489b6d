"""Keys of the catalog that people write: refused where the catalog knows no such thing.

All of them ask another service, so they belong before a request's first word to the database.
"""

from collections.abc import Awaitable
from typing import Final, TypeVar

from improvement_api.providers import Providers
from shared.errors import Invalid, NotFound, Unavailable
from shared.schemas.catalog_digests import ObjectiveSummary

T = TypeVar("T")
_ACTIVE: Final = "active"


async def check_objective(providers: Providers, key: str | None, pointer: str) -> None:
    """Refuse an objective that is not there, or that nobody works towards any more (422)."""
    if key is None:
        return
    objective = await answered(providers.catalog.get_objective(key))
    if objective is None:
        raise Invalid(f"There is no objective {key}", code="unknown_objective", pointer=pointer)
    _check_active(objective, pointer)


async def check_relevance(providers: Providers, key: str, pointer: str) -> None:
    """Refuse what is neither an active objective nor an active vital activity (422)."""
    objective = await answered(providers.catalog.get_objective(key))
    if objective is not None:
        _check_active(objective, pointer)
        return
    activity = await answered(providers.catalog.get_vital_activity(key))
    if activity is None or not activity.active:
        raise Invalid(
            f"{key} is neither an objective nor an active vital activity of the catalog",
            code="not_relevant",
            pointer=pointer,
        )


def _check_active(objective: ObjectiveSummary, pointer: str) -> None:
    if objective.state != _ACTIVE:
        raise Invalid(
            f"The objective {objective.key} is {objective.state}",
            code="objective_not_active",
            pointer=pointer,
        )


async def answered(question: Awaitable[T]) -> T | None:
    """What another service answers; None when it has no such thing.

    503 with when to come back while it cannot be asked: nothing is taken on trust.
    """
    try:
        return await question
    except NotFound:
        return None
    except Unavailable as away:
        raise Unavailable(away.detail, headers={"Retry-After": "5"}) from away
