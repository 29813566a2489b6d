"""The fact definitions last heard from their owners, so that gates can be saved without them."""

from datetime import datetime

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.facts.rules import FactType, Owner


class FactDefinitionRow(Base):
    __tablename__ = "fact_definition"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[FactType] = mapped_column(text_enum(FactType, "type"))
    unit: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[Owner] = mapped_column(text_enum(Owner, "owner"))
    meaning: Mapped[str] = mapped_column(Text)
    heard_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
