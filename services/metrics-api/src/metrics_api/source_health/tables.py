"""Deliveries that were refused before they were stored, counted by reason."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class RefusedDelivery(Base):
    """Refusals of one reason; nothing is kept of the deliveries themselves: nobody proved them."""

    __tablename__ = "refused_delivery"

    source_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("metrics.source.id"), primary_key=True
    )
    code: Mapped[str] = mapped_column(primary_key=True)
    detail: Mapped[str] = mapped_column(comment="why, of the last one")
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
