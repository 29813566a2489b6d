"""Versions of gates: rows are only ever added."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from shared.kit.tables import APPEND_ONLY
from shared.schemas.improvement import Gate


class GateVersion(Base):
    """`criteria` as they were published; `facts` pins type and owner of what each one uses.

    `board` is the key of a board of the catalog, whose votes then decide.
    """

    __tablename__ = "gate_version"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("jsonb_array_length(criteria) >= 1", name="criteria"),
        CheckConstraint(
            "0 <= warning_threshold AND warning_threshold <= pass_threshold"
            " AND pass_threshold <= 1",
            name="thresholds",
        ),
        CheckConstraint("decided_by IS NOT NULL OR board IS NOT NULL", name="decider"),
        {"info": APPEND_ONLY},
    )

    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    facts: Mapped[dict[str, list[dict[str, str]]]] = mapped_column(JSONB)
    max_age_hours: Mapped[int] = mapped_column(Integer)
    pass_threshold: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    warning_threshold: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    decided_by: Mapped[str | None] = mapped_column(Text)
    board: Mapped[str | None] = mapped_column(Text)
    waived_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str] = mapped_column(Text)
