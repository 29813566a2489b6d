"""How each live service stood to each of the ten processes when it was last looked at."""

from datetime import datetime

from sqlalchemy import Boolean, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from shared.schemas.processes import Process


class ProcessStanding(Base):
    """`lived` is null where the process does not concern the service."""

    __tablename__ = "process_standing"
    __table_args__ = (Index("ix_process_standing_service", "service"),)

    process: Mapped[Process] = mapped_column(text_enum(Process, "process"), primary_key=True)
    service: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    lived: Mapped[bool | None] = mapped_column(Boolean)
    missing: Mapped[list[str]] = mapped_column(ARRAY(Text))
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
