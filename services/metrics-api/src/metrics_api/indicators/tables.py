"""Tables of the KPIs: cells hold sums per service and UTC day or month, cell deltas feed them.

Sketches hold how long it took, as counts of durations by bucket (see sketches.py).
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from metrics_api.base import Base
from metrics_api.indicators.definitions import DurationKind
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
    Index(None, "grain", "start"),  # for figures of many services
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

# Days whose durations may have changed since they were sketched; the compaction notes them down.
sketch_pending = Table(
    "sketch_pending",
    Base.metadata,
    Column("service", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("touched_at", TIMESTAMP(timezone=True), nullable=False),
)

# Exact but for days with pending deltas or noted down above; a day without any duration has no row.
# Arrays, not a row a bucket: a day of a service has almost as many as incidents.
duration_sketch = Table(
    "duration_sketch",
    Base.metadata,
    Column("service", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("grain", Text, primary_key=True),
    Column("start", Date, primary_key=True),
    Column("buckets", ARRAY(SmallInteger), nullable=False, comment="ascending"),
    Column("counts", ARRAY(Integer), nullable=False, comment="of the buckets, side by side"),
    CheckConstraint("grain IN ('d', 'm')", name="grain"),
    CheckConstraint(
        f"kind IN ({', '.join(repr(kind.value) for kind in DurationKind)})", name="kind"
    ),
    Index(None, "kind", "grain", "start"),
)
