"""Tables of the KPIs: cells hold sums per service and UTC day or month, cell deltas feed them."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Identity, Numeric, Table, Text

from metrics_api.base import Base
from metrics_api.indicators.rules import DURATION_SUMS, SUMS


def _sums(*, nullable: bool) -> list[Column[int]]:
    """One column a sum. Microseconds are numeric: a few absurd stamps would overflow a bigint."""
    return [
        Column(name, Numeric if name in DURATION_SUMS else BigInteger, nullable=nullable)
        for name in SUMS
    ]


# service '' holds the unattributed records, which count in figures over everything only.
cell = Table(
    "cell",
    Base.metadata,
    Column("service", Text, primary_key=True),
    Column("grain", Text, primary_key=True),
    Column("start", Date, primary_key=True),
    *_sums(nullable=False),
    CheckConstraint("grain IN ('d', 'm')", name="grain"),
)

# Inserted by the ingest, in its transaction, so that no two writers ever wait for one cell; deleted
# by the compaction. A sum that does not change is null, which takes no space in a row.
cell_delta = Table(
    "cell_delta",
    Base.metadata,
    Column("service", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *_sums(nullable=True),
)
