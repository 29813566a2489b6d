"""Statements over signatures."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.signatures.tables import Signature
from shared.schemas.improvement import SignatureOut


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


async def insert_signature(session: AsyncSession, signature: Signature) -> None:
    session.add(signature)
    await session.flush()


def signature_out(row: Signature) -> SignatureOut:
    """A signature as the API shows it, beside its evaluation and alone."""
    return SignatureOut(
        id=str(row.id),
        evaluation=str(row.evaluation_id),
        criterion=row.criterion,
        role=row.role,
        signed_by=row.signed_by,
        signed_at=row.signed_at,
        facts_hash=row.facts_hash,
    )
