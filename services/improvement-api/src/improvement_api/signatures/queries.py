"""Statements over signatures."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.signatures.rules import counts
from improvement_api.signatures.tables import Signature, SignatureWithdrawal
from shared.schemas.improvement import SignatureOut


@dataclass(frozen=True)
class GivenSignature:
    """A signature and whether it was taken back."""

    row: Signature
    withdrawn_at: datetime | None

    @property
    def persons(self) -> frozenset[str]:
        """Who signed, and for whom."""
        return frozenset({self.row.signed_by, self.row.delegated_by or self.row.signed_by})

    def counts(self, at: datetime) -> bool:
        return counts(self.row.expires_at, self.withdrawn_at, at)


async def signatures_of(
    session: AsyncSession, evaluations: Iterable[UUID]
) -> dict[UUID, list[GivenSignature]]:
    """All signatures by evaluation, in the order they were given; empty where there are none."""
    statement = (
        select(Signature, SignatureWithdrawal.withdrawn_at)
        .join(SignatureWithdrawal, SignatureWithdrawal.signature_id == Signature.id, isouter=True)
        .where(Signature.evaluation_id.in_(list(evaluations)))
        .order_by(Signature.signed_at, Signature.id)
    )
    found: dict[UUID, list[GivenSignature]] = defaultdict(list)
    for signature, withdrawn_at in await session.execute(statement):
        found[signature.evaluation_id].append(GivenSignature(signature, withdrawn_at))
    return found


async def insert_signature(session: AsyncSession, signature: Signature) -> None:
    session.add(signature)
    await session.flush()


async def insert_withdrawal(session: AsyncSession, withdrawal: SignatureWithdrawal) -> None:
    session.add(withdrawal)
    await session.flush()


def signature_out(given: GivenSignature, at: datetime) -> SignatureOut:
    """A signature as the API shows it; `at` is now, or when its evaluation was decided."""
    row = given.row
    return SignatureOut(
        id=str(row.id),
        evaluation=str(row.evaluation_id),
        criterion=row.criterion,
        role=row.role,
        signed_by=row.signed_by,
        on_behalf_of=row.delegated_by,
        delegation=None if row.delegation_id is None else str(row.delegation_id),
        signed_at=row.signed_at,
        expires_at=row.expires_at,
        withdrawn_at=given.withdrawn_at,
        counts=given.counts(at),
        facts_hash=row.facts_hash,
    )
