"""Samples of SLIs, and the sums of them that objectives are judged by.

Samples are found by their identity when they are sent again or late, so they are not partitioned
by receipt: each would then be in any partition. They can be distributed by `sli`.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, Numeric
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from shared.kit.tables import APPEND_ONLY
from shared.schemas.metrics import Comparator

COMPARATORS = ", ".join(f"'{comparator.value}'" for comparator in Comparator)


class SliSample(Base):
    """A sample as it was sent last; of a ratio `part` and `total`, else `value`."""

    __tablename__ = "sli_sample"
    __table_args__ = (
        # Sums of a minute: all series of an SLI between two moments.
        Index(None, "sli", "at"),
    )

    sli: Mapped[str] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True, comment="empty where it has only one")
    at: Mapped[datetime] = mapped_column(primary_key=True)
    part: Mapped[Decimal | None] = mapped_column(Numeric, comment="good or bad, as the SLI says")
    total: Mapped[Decimal | None] = mapped_column(Numeric)
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    received_at: Mapped[datetime]


class SliSampleBefore(Base):
    """A sample as it was in [received_at, replaced_at), before another value came for it."""

    __tablename__ = "sli_sample_before"
    __table_args__ = (Index(None, "sli", "at"), {"info": APPEND_ONLY})

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    sli: Mapped[str]
    series: Mapped[str]
    at: Mapped[datetime]
    part: Mapped[Decimal | None] = mapped_column(Numeric)
    total: Mapped[Decimal | None] = mapped_column(Numeric)
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    received_at: Mapped[datetime]
    replaced_at: Mapped[datetime]


class SliFacet(Base):
    """One way to look at an SLI: what makes a value good, and a slice. Never changed."""

    __tablename__ = "sli_facet"
    __table_args__ = (
        CheckConstraint(f"op IN ({COMPARATORS})", name="op"),
        CheckConstraint("(op IS NULL) = (value IS NULL)", name="threshold"),
        Index(
            "uq_sli_facet",
            "sli",
            "op",
            "value",
            "slice_minutes",
            "slice_target",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    sli: Mapped[str] = mapped_column(ForeignKey("metrics.sli.key"))
    op: Mapped[str | None]
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    slice_minutes: Mapped[int | None] = mapped_column(Integer)
    slice_target: Mapped[Decimal | None] = mapped_column(Numeric)


class SliCell(Base):
    """Sums of the samples of a UTC minute, hour or day, as a facet sees them.

    Slices are counted where they begin; those that begin in a minute are in no other.
    """

    __tablename__ = "sli_cell"
    __table_args__ = (CheckConstraint("grain IN ('m', 'h', 'd')", name="grain"),)

    facet: Mapped[int] = mapped_column(ForeignKey("metrics.sli_facet.id"), primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    good: Mapped[Decimal] = mapped_column(Numeric)
    total: Mapped[Decimal] = mapped_column(Numeric)
    samples: Mapped[int]
    slices: Mapped[int]
    slices_good: Mapped[int]
    slices_ratio: Mapped[Decimal] = mapped_column(Numeric, comment="sum of the slices' shares")
