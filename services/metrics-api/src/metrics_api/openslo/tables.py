"""Data sources as OpenSLO describes them: kept for the round trip, never connected to."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class OpensloDataSource(Base):
    __tablename__ = "openslo_data_source"

    name: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="as it was sent, without secrets"
    )
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
