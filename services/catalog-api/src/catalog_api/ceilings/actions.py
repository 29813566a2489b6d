"""Refusing what would let a service promise more than its dependencies allow."""

from collections.abc import Collection

from catalog_api.dependencies.rules import Node
from shared.kit.database import Session


async def refuse_broken_ceilings(session: Session, changed: Collection[Node]) -> None:
    """409 ceiling_broken when a promise goes beyond its ceiling after these nodes changed."""
