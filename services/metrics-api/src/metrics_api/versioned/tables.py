"""What the tables of versions have in common."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.kit.tables import APPEND_ONLY

_AFTER_THE_IDENTITY: Final = 1


class VersionOf:
    """What a definition said from `recorded_at` until its next version: the fields of the wire.

    A table adds the identity of the definition, the first part of its primary key.
    """

    __table_args__ = ({"info": APPEND_ONLY},)

    version: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=_AFTER_THE_IDENTITY)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, sort_order=_AFTER_THE_IDENTITY)
    recorded_at: Mapped[datetime] = mapped_column(sort_order=_AFTER_THE_IDENTITY)
    recorded_by: Mapped[str] = mapped_column(sort_order=_AFTER_THE_IDENTITY)
