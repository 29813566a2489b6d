"""The base of every table of metrics-api."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from shared.kit.database import metadata_for
from shared.kit.tables import kit_tables

Stamp = TIMESTAMP(timezone=True)


class Base(DeclarativeBase):
    """Tables name their schema; integers are 64 bits wide unless a column says otherwise."""

    metadata = metadata_for("metrics")
    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        int: BigInteger(),
        str: Text(),
        datetime: Stamp,
    }


KIT = kit_tables(Base.metadata)
