"""Incidents for tests of what is counted from them: made directly, without the ingest."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.tables import ServiceCopy
from metrics_api.incidents.rules import RESOLVED, FoldedIncident, Transition
from metrics_api.incidents.tables import Incident, IncidentTransition
from metrics_api.indicators.queries import insert_deltas
from metrics_api.indicators.rules import Contributions, accumulate, contributions
from metrics_api.sources.tables import Source
from shared.kit.database import driver

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def make_incident(**facts: Any) -> FoldedIncident:
    """An open incident of `network`, unless the facts say otherwise."""
    unknown = dict.fromkeys(FoldedIncident._fields)
    defaults = {
        "service": "network",
        "state": "new",
        "opened_at": datetime(2016, 1, 1, tzinfo=UTC),
        "sends_resolved_at": False,
        "reopened": False,
        "transitions": (),
    }
    return FoldedIncident(**{**unknown, **defaults, **facts})


def resolved_incident(service: str, resolved_at: datetime, hours: float) -> FoldedIncident:
    """An incident that was resolved after so many hours, and that no one acknowledged."""
    opened_at = resolved_at - timedelta(hours=hours)
    return make_incident(
        service=service,
        state="resolved",
        opened_at=opened_at,
        resolution_at=resolved_at,
        transitions=(
            Transition(opened_at, None, "new"),
            Transition(resolved_at, "new", "resolved"),
        ),
    )


@st.composite
def incidents(
    draw: st.DrawFn, service: str | None, first: datetime, last: datetime
) -> FoldedIncident:
    """Any incident whose stamps lie between two moments, also absurd ones."""
    stamps = st.datetimes(first.replace(tzinfo=None), last.replace(tzinfo=None)).map(
        lambda stamp: stamp.replace(tzinfo=UTC)
    )
    states = draw(
        st.lists(
            st.sampled_from(["new", "in_progress", "on_hold", "resolved", "closed", "cancelled"]),
            max_size=6,
        )
    )
    states = [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s]
    moments = draw(st.lists(stamps, min_size=len(states), max_size=len(states)))
    moves = zip(moments, [None, *states[:-1]], states, strict=True) if states else ()
    resolved = bool(states) and states[-1] in RESOLVED
    return make_incident(
        service=service,
        state=states[-1] if states else None,
        opened_at=draw(st.none() | stamps),
        acknowledgement_at=draw(st.none() | stamps),
        resolution_at=draw(st.none() | stamps) if resolved else None,
        channel=draw(st.sampled_from([None, "phone", "monitoring"])),
        first_contact=draw(st.none() | st.booleans()),
        reassignment_count=draw(st.sampled_from([None, 0, 1, 2])),
        reopened=draw(st.booleans()),
        business_us=draw(st.sampled_from([None, 0, 1, 90_000_000])) if resolved else None,
        hold_us=draw(st.sampled_from([None, 0, 50_000_000])) if resolved else None,
        resolution_met=draw(st.none() | st.booleans()) if resolved else None,
        transitions=tuple(Transition(*move) for move in moves),
    )


async def add_service(session: AsyncSession, key: str, **facts: Any) -> None:
    """Make a service known, as an event of the catalog would."""
    values = {
        "key": key,
        "name": key.title(),
        "kind": "business",
        "portfolio": "demo",
        "stage": "operate",
        "criticality": None,
        "revision": 1,
        "recorded_at": LONG_AGO,
    }
    await session.execute(insert(ServiceCopy).values({**values, **facts}))


async def source_id(session: AsyncSession) -> int:
    """The id of the source that test incidents belong to; two writers may make it at once."""
    await session.execute(
        insert(Source)
        .values(
            key="tests",
            name="Tests",
            kind="generic",
            delivery="snapshot",
            state_mapping={},
            priority_mapping={},
            active=True,
            version=1,
            created_at=LONG_AGO,
        )
        .on_conflict_do_nothing()
    )
    found = await session.scalars(select(Source.id).where(Source.key == "tests"))
    return found.one()


async def store(session: AsyncSession, incidents: Iterable[FoldedIncident]) -> None:
    """Insert new incidents and what they add to the cells."""
    await replace(session, {}, {uuid4().hex: incident for incident in incidents})


async def replace(
    session: AsyncSession,
    before: Mapping[str, FoldedIncident],
    after: Mapping[str, FoldedIncident],
) -> None:
    """Let incidents of these ids be `after` where they were `before`, cells included."""
    source = await source_id(session)
    totals: Contributions = {}
    for incident in before.values():
        accumulate(totals, contributions(incident), -1)
    for incident in after.values():
        accumulate(totals, contributions(incident))
    for table in (IncidentTransition, Incident):
        await session.execute(delete(table).where(table.external_id.in_(list(before))))
    rows = [_row(source, key, incident) for key, incident in after.items()]
    if rows:
        await session.execute(insert(Incident), rows)
    moves = [move for key, incident in after.items() for move in _moves(source, key, incident)]
    if moves:
        await session.execute(insert(IncidentTransition), moves)
    await insert_deltas(await driver(session), totals)


def _row(source: int, key: str, incident: FoldedIncident) -> dict[str, Any]:
    stamped = dict.fromkeys(("stamped_at", "first_received_at", "last_received_at"), LONG_AGO)
    columns = Incident.__table__.columns
    facts = {name: value for name, value in incident._asdict().items() if name in columns}
    return {
        **facts,
        **stamped,
        "source_id": source,
        "external_id": key,
        "service_pinned": False,
        "digest": b"",
        "versions": 1,
    }


def _moves(source: int, key: str, incident: FoldedIncident) -> Sequence[dict[str, Any]]:
    return [
        {
            "source_id": source,
            "external_id": key,
            "seq": seq,
            "service": incident.service,
            **move._asdict(),
        }
        for seq, move in enumerate(incident.transitions, 1)
    ]
