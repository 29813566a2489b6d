"""Who acts: a caller, or this service by itself or for somebody."""

from typing import Final

from shared.kit.auth import Principal

THE_SERVICE: Final = Principal("improvement-api", "service", frozenset())
"""What jobs do of their own accord is done by this one."""


def acting_for(name: str) -> Principal:
    """This service, on behalf of `name` where that is not itself."""
    if name == THE_SERVICE.subject:
        return THE_SERVICE
    return Principal(THE_SERVICE.subject, "service", frozenset(), on_behalf_of=name)
