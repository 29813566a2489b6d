"""Signatures and their withdrawals, which never change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base
from shared.kit.tables import APPEND_ONLY


class Signature(Base):
    """One person's stand on an evaluation, or that of `delegated_by` through `signed_by`.

    That nobody signs twice is seen to under the lock of the gate (see gate_standing), and not by
    a constraint: who has withdrawn a signature, or whose signature has expired, may sign again.
    """

    __tablename__ = "signature"
    __table_args__ = (
        CheckConstraint("(delegation_id IS NULL) = (delegated_by IS NULL)", name="delegated"),
        CheckConstraint("delegated_by <> signed_by", name="two_persons"),
        Index(None, "evaluation_id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    evaluation_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.evaluation.id"))
    criterion: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    signed_by: Mapped[str] = mapped_column(Text)
    delegation_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("improvement.delegation.id")
    )
    delegated_by: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    facts_hash: Mapped[str] = mapped_column(Text)


class SignatureWithdrawal(Base):
    """A signature that was taken back: it stays in the record, and counts no more."""

    __tablename__ = "signature_withdrawal"
    __table_args__ = ({"info": APPEND_ONLY},)

    signature_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.signature.id"), primary_key=True
    )
    reason: Mapped[str] = mapped_column(Text)
    withdrawn_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_by: Mapped[str] = mapped_column(Text)
