"""Statements over signatures."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.signatures.tables import Signature


async def signatures_of(
    session: AsyncSession, evaluations: Iterable[UUID]
) -> dict[UUID, list[Signature]]:
    """Signatures by evaluation, in the order they were given; empty where there are none."""
    statement = (
        select(Signature)
        .where(Signature.evaluation_id.in_(list(evaluations)))
        .order_by(Signature.signed_at, Signature.id)
    )
    found: dict[UUID, list[Signature]] = defaultdict(list)
    for row in await session.scalars(statement):
        found[row.evaluation_id].append(row)
    return found


async def insert_signature(session: AsyncSession, signature: Signature) -> Signature:
    session.add(signature)
    await session.flush()
    return signature
