"""The declarative base of every table in the schema `catalog`."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Enum
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.kit.database import metadata_for
from shared.kit.tables import kit_tables

metadata = metadata_for("catalog")
kit = kit_tables(metadata)
# Of GIN indexes: read often, written rarely. Pending entries would make each search scan them
# until a vacuum, and look so costly that the planner avoids the index.
AT_ONCE = {"fastupdate": "off"}


class Base(DeclarativeBase):
    metadata = metadata


class Revised:
    """What every resource has that people change: `revision` grows with each change (its ETag)."""

    revision: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def text_enum(values: type[StrEnum], name: str) -> Enum:
    """Text with a named CHECK: adding a value later is one ALTER, without a type to migrate."""
    return Enum(
        values,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )
