"""Statements over feedback: entries, themes, mentions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    any_,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import NOW, SERVICE
from improvement_api.feedback.rules import EntryKind, Sentiment
from improvement_api.feedback.tables import CommentReading, Entry, Mention, Theme
from improvement_api.plans.rules import PlanState
from improvement_api.plans.tables import Plan
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset

_AT_WORK = (PlanState.APPROVED, PlanState.IN_PROGRESS, PlanState.REVIEW)


@dataclass(frozen=True)
class EntryFilter:
    """None means any; the span is [said_from, said_to)."""

    service: str | None = None
    customer: str | None = None
    touchpoint: str | None = None
    kind: EntryKind | None = None
    sentiment: Sentiment | None = None
    said_from: datetime | None = None
    said_to: datetime | None = None
    theme: UUID | None = None


async def list_entries(session: AsyncSession, wanted: EntryFilter, page: PageParams) -> list[Entry]:
    """Entries, the last said first, one more than the page holds."""
    statement = select(Entry).where(*_entry_conditions(wanted))
    order: list[Any] = [Entry.said_at.desc(), Entry.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


def _entry_conditions(wanted: EntryFilter) -> Iterator[ColumnElement[bool]]:
    equal = (
        (Entry.service, wanted.service),
        (Entry.customer, wanted.customer),
        (Entry.touchpoint, wanted.touchpoint),
        (Entry.kind, wanted.kind),
        (Entry.sentiment, wanted.sentiment),
    )
    yield from (column == value for column, value in equal if value is not None)
    if wanted.said_from is not None:
        yield Entry.said_at >= wanted.said_from
    if wanted.said_to is not None:
        yield Entry.said_at < wanted.said_to
    if wanted.theme is not None:
        yield Entry.id.in_(
            select(Mention.entry_id).where(Mention.theme_id == wanted.theme, Mention.included)
        )


async def get_entry(session: AsyncSession, entry_id: UUID) -> Entry:
    entry = await session.get(Entry, entry_id)
    if entry is None:
        raise NotFound(f"There is no feedback {entry_id}")
    return entry


async def keep(session: AsyncSession, row: Entry | Theme) -> None:
    session.add(row)
    await session.flush()


async def keep_comments(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[UUID]:
    """Store comments of surveys; the ids of those that are new or newer than what was kept."""
    if not rows:
        return []
    statement = insert(Entry).values(list(rows))
    new = statement.excluded
    settable = set(rows[0]) - {"id", "source", "external_id", "kind", "recorded_by"}
    # Attributing a record anew leaves no stamp.
    moved = tuple_(new.service, new.customer, new.touchpoint).is_distinct_from(
        tuple_(Entry.service, Entry.customer, Entry.touchpoint)
    )
    stored = statement.on_conflict_do_update(
        index_elements=["source", "external_id"],
        index_where=Entry.source.is_not(None),
        set_={name: new[name] for name in settable},
        where=or_(
            new.received_at > Entry.received_at,
            and_(new.received_at == Entry.received_at, moved),
        ),
    )
    return list(await session.scalars(stored.returning(Entry.id)))


async def comments_read_to(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(CommentReading.read_to))


async def note_comments_read(session: AsyncSession, to: datetime) -> None:
    statement = insert(CommentReading).values(id=1, read_to=to)
    newer = func.greatest(CommentReading.read_to, statement.excluded.read_to)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"read_to": newer})
    )


async def list_themes(
    session: AsyncSession, service: str | None, owner: str | None, page: PageParams
) -> list[Theme]:
    """Themes, newest first, one more than the page holds."""
    statement = select(Theme)
    if service is not None:
        statement = statement.where(Theme.service == service)
    if owner is not None:
        statement = statement.where(Theme.owner == owner)
    order: list[Any] = [Theme.created_at.desc(), Theme.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_theme(session: AsyncSession, theme_id: UUID, *, lock: bool = False) -> Theme:
    theme = await session.get(Theme, theme_id, with_for_update=lock or None)
    if theme is None:
        raise NotFound(f"There is no theme {theme_id}")
    return theme


async def lock_themes_about(session: AsyncSession, entry_ids: Sequence[UUID]) -> list[Theme]:
    """The themes of the entries' services, and those they are in; locked in the order of ids."""
    services = select(Entry.service).where(Entry.id.in_(entry_ids))
    in_them = select(Mention.theme_id).where(Mention.entry_id.in_(entry_ids))
    statement = (
        select(Theme)
        .where(or_(Theme.service.in_(services), Theme.id.in_(in_them)))
        .order_by(Theme.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


def _attracted() -> ColumnElement[bool]:
    """An entry of the theme's service in which one of its phrases is, as whole words."""
    phrase: Any = func.unnest(Theme.folded).column_valued("phrase")
    within = select(phrase).where(func.strpos(Entry.words, phrase) > 0)
    return and_(Entry.service == Theme.service, within.correlate(Entry, Theme).exists())


async def match(
    session: AsyncSession,
    theme_ids: Sequence[UUID],
    entry_ids: Sequence[UUID] | None,
    by: str,
    at: datetime,
) -> None:
    """Let phrases take entries into (locked) themes and out again; what is by hand stays.

    Of all entries, where none are named, only those within the window of their theme.
    """
    await session.flush()  # what themes say now is what is matched
    chosen: list[ColumnElement[bool]] = [Theme.id == any_(literal(list(theme_ids), _UUIDS))]
    if entry_ids is not None:
        chosen.append(Entry.id == any_(literal(list(entry_ids), _UUIDS)))
    else:
        chosen.append(Entry.said_at >= _window_start(literal(at, _STAMP)))
    pairs = select(
        Theme.id, Entry.id, text("true"), text("false"), literal(by), literal(at, _STAMP)
    ).where(*chosen, _attracted())
    columns = ["theme_id", "entry_id", "included", "by_hand", "by", "at"]
    await session.execute(insert(Mention).from_select(columns, pairs).on_conflict_do_nothing())
    lost = (
        select(Mention.theme_id, Mention.entry_id)
        .join(Theme, Theme.id == Mention.theme_id)
        .join(Entry, Entry.id == Mention.entry_id)
        .where(*chosen, ~Mention.by_hand, ~_attracted())
    )
    pair = tuple_(Mention.theme_id, Mention.entry_id)
    await session.execute(
        delete(Mention).where(pair.in_(lost)).execution_options(synchronize_session=False)
    )


async def put_mention(session: AsyncSession, values: dict[str, Any]) -> None:
    """Say by hand whether an entry is in a theme."""
    statement = insert(Mention).values(values)
    changed = {name: statement.excluded[name] for name in values}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["theme_id", "entry_id"], set_=changed)
    )


async def list_mentions(session: AsyncSession, theme_id: UUID, page: PageParams) -> Sequence[Any]:
    """(mention, entry) of a theme, those left out by hand included, the last said first."""
    statement: Any = (
        select(Mention, Entry)
        .join(Entry, Entry.id == Mention.entry_id)
        .where(Mention.theme_id == theme_id)
    )
    order: list[Any] = [Entry.said_at.desc(), Entry.id.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


@dataclass(frozen=True)
class MentionCounts:
    mentions: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    all_mentions: int = 0


async def count_mentions(
    session: AsyncSession, theme_ids: Sequence[UUID], at: datetime
) -> dict[UUID, MentionCounts]:
    """Distinct entries of themes within their windows, by sentiment; none is absent."""
    recent = Entry.said_at >= _window_start(literal(at, _STAMP))
    statement = (
        select(
            Mention.theme_id,
            func.count().filter(recent),
            *(func.count().filter(recent, Entry.sentiment == one) for one in Sentiment),
            func.count(),
        )
        .join(Entry, Entry.id == Mention.entry_id)
        .join(Theme, Theme.id == Mention.theme_id)
        .where(Mention.theme_id.in_(theme_ids), Mention.included)
        .group_by(Mention.theme_id)
    )
    rows = (await session.execute(statement)).all()
    return {theme_id: MentionCounts(*counts) for theme_id, *counts in rows}


async def examples(
    session: AsyncSession, theme_id: UUID, since: datetime, limit: int
) -> list[Entry]:
    """The last entries of a theme since then."""
    statement = (
        select(Entry)
        .join(Mention, Mention.entry_id == Entry.id)
        .where(Mention.theme_id == theme_id, Mention.included, Entry.said_at >= since)
        .order_by(Entry.said_at.desc(), Entry.id)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def plans_of(session: AsyncSession, plan_ids: Sequence[UUID]) -> dict[UUID, Plan]:
    rows = await session.scalars(select(Plan).where(Plan.id.in_(plan_ids)))
    return {plan.id: plan for plan in rows}


async def themes_of_entries(session: AsyncSession, entry_ids: Sequence[UUID]) -> Sequence[Any]:
    """(entry's id, theme) of all that these entries belong to."""
    statement = (
        select(Mention.entry_id, Theme)
        .join(Theme, Theme.id == Mention.theme_id)
        .where(Mention.entry_id.in_(entry_ids), Mention.included)
        .order_by(Mention.entry_id, Theme.created_at, Theme.id)
    )
    return (await session.execute(statement)).all()


def _window_start(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    return at - func.make_interval(0, 0, 0, Theme.window_days)


_REACHED: Final = (
    select(func.count())
    .select_from(Mention)
    .join(Entry, Entry.id == Mention.entry_id)
    .where(Mention.theme_id == Theme.id, Mention.included, Entry.said_at >= _window_start(NOW))
    .correlate(Theme)
    .scalar_subquery()
)
FACTS: Final = (
    select(func.count())
    .select_from(Theme)
    .outerjoin(Plan, and_(Plan.id == Theme.plan_id, Plan.state.in_(_AT_WORK)))
    .where(
        Theme.service == SERVICE,
        Theme.answer.is_(None),
        Plan.id.is_(None),
        Theme.threshold <= _REACHED,
    )
)
"""Themes of a service at their threshold, without an answer and without a plan at work."""


_UUIDS: Any = ARRAY(Theme.__table__.c.id.type)
_STAMP: Any = Entry.__table__.c.said_at.type
