"""Taking feedback in, sorting it into themes, and opening the one plan of a theme that is due."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from improvement_api.feedback import queries
from improvement_api.feedback.rules import (
    EntryKind,
    ScoreKind,
    check_said,
    folded,
    folded_phrases,
    sentiment_of,
)
from improvement_api.feedback.schemas import (
    FeedbackCreate,
    MentionPut,
    RequirementPut,
    ThemeCreate,
    ThemePatch,
)
from improvement_api.feedback.tables import Entry, Theme
from improvement_api.people import THE_SERVICE
from improvement_api.plans.actions import open_plan
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.jobs import enqueue
from shared.kit.patches import named
from shared.schemas.metrics import CustomerComment

EXAMPLES: Final = 5
MATCH_THEME: Final = "match_theme"
AFTER_OTHERS: Final = timedelta(minutes=2)
_FACTS = (
    "service",
    "title",
    "owner",
    "phrases",
    "threshold",
    "window_days",
    "plan_id",
    "requirement_service",
    "requirement_id",
    "answer",
    "version",
)
_SCORE_KINDS = {kind.value: kind for kind in ScoreKind}


async def take_in(session: Session, body: FeedbackCreate, caller: Principal) -> Entry:
    """Record what somebody said, and let themes attract it."""
    at = now()
    check_said(body.said_at, at)
    entry = Entry(
        id=uuid4(),
        kind=EntryKind.DIRECT,
        source=None,
        external_id=None,
        **body.model_dump(),
        words=folded(body.text),
        score_kind=None,
        score=None,
        sentiment=None,
        received_at=at,
        recorded_by=caller.person,
    )
    await queries.keep(session, entry)
    # Who said it and what stays in its row, where it can be erased: the audit is kept for ever.
    told = ("service", "customer", "touchpoint", "channel", "said_at")
    facts = {name: getattr(entry, name) for name in told}
    await record(session, caller, "recorded", ("feedback", str(entry.id)), None, facts)
    await _sort(session, [entry.id], at)
    return entry


async def take_in_comments(session: Session, comments: Sequence[CustomerComment]) -> int:
    """Store comments of surveys with their newest version; how many were new or changed."""
    at = now()
    rows = {(one.source, one.external_id): _row(one) for one in comments}
    changed = await queries.keep_comments(session, list(rows.values()))
    if changed:
        await _sort(session, changed, at)
    return len(changed)


async def create_theme(session: Session, body: ThemeCreate, caller: Principal) -> Theme:
    at = now()
    theme = Theme(
        id=uuid4(),
        service=body.service,
        title=body.title,
        owner=body.owner or caller.person,
        phrases=body.phrases,
        folded=folded_phrases(body.phrases),
        threshold=body.threshold,
        window_days=body.window_days,
        plan_id=None,
        requirement_service=None,
        requirement_id=None,
        answer=None,
        answered_at=None,
        answered_by=None,
        version=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
    )
    await queries.keep(session, theme)
    await record(session, caller, "created", _subject(theme), None, _facts(theme))
    await _match_all(session, theme, at)
    return theme


async def change_theme(
    session: Session, theme_id: UUID, body: ThemePatch, expected: int, caller: Principal
) -> Theme:
    """412 on another version. Other phrases or bounds count anew, and may open the plan."""
    theme = await _locked(session, theme_id, expected)
    before = _facts(theme)
    changes = named(body)
    if "phrases" in changes:
        changes["folded"] = folded_phrases(changes["phrases"])
    _set(theme, changes)
    await record(session, caller, "changed", _subject(theme), before, _facts(theme))
    await _match_all(session, theme, theme.updated_at)
    return theme


async def link_requirement(
    session: Session, theme_id: UUID, body: RequirementPut, expected: int, caller: Principal
) -> Theme:
    """Which requirement of the catalog the theme became."""
    theme = await _locked(session, theme_id, expected)
    before = _facts(theme)
    _set(theme, {"requirement_service": body.service, "requirement_id": body.requirement})
    await record(session, caller, "requirement_linked", _subject(theme), before, _facts(theme))
    return theme


async def answer_theme(
    session: Session, theme_id: UUID, text: str, expected: int, caller: Principal
) -> Theme:
    """What customers are told."""
    theme = await _locked(session, theme_id, expected)
    before = _facts(theme)
    _set(theme, {"answer": text, "answered_at": now(), "answered_by": caller.person})
    await record(session, caller, "answered", _subject(theme), before, _facts(theme))
    return theme


async def put_mention(
    session: Session, theme_id: UUID, entry_id: UUID, body: MentionPut, caller: Principal
) -> None:
    """Take an entry in or leave it out by hand, whatever the phrases say."""
    at = now()
    theme = await queries.get_theme(session, theme_id, lock=True)
    entry = await queries.get_entry(session, entry_id)
    await queries.put_mention(
        session,
        {
            "theme_id": theme.id,
            "entry_id": entry.id,
            "included": body.included,
            "by_hand": True,
            "reason": body.reason,
            "by": caller.person,
            "at": at,
        },
    )
    action = "mention_added" if body.included else "mention_left_out"
    said = {"entry": entry.id, "reason": body.reason}
    await record(session, caller, action, _subject(theme), None, said)
    await _open_due(session, [theme], at)


async def _sort(session: Session, entry_ids: Sequence[UUID], at: datetime) -> None:
    """Let the themes of their services attract entries, then see whose mentions suffice."""
    themes = await queries.lock_themes_about(session, entry_ids)
    if themes:
        ids = [theme.id for theme in themes]
        await queries.match(session, ids, entry_ids, THE_SERVICE.subject, at)
        await _open_due(session, themes, at)


async def match_again(session: Session, theme_id: UUID) -> None:
    """Once more, for what was recorded at the same time as the theme was changed."""
    theme = await queries.get_theme(session, theme_id, lock=True)
    await _match_now(session, theme, now())


async def _match_all(session: Session, theme: Theme, at: datetime) -> None:
    await _match_now(session, theme, at)
    # A transaction beside this one sees neither the theme nor is its entry seen here: whatever
    # is under way now has ended by then.
    again = {"theme": str(theme.id)}
    await enqueue(session, MATCH_THEME, again, run_at=at + AFTER_OTHERS)


async def _match_now(session: Session, theme: Theme, at: datetime) -> None:
    await queries.match(session, [theme.id], None, THE_SERVICE.subject, at)
    await _open_due(session, [theme], at)


async def _open_due(session: Session, themes: Sequence[Theme], at: datetime) -> None:
    """Open the plan of each (locked) theme that has enough mentions and none yet."""
    waiting = [theme for theme in themes if theme.plan_id is None]
    if not waiting:
        return
    counts = await queries.count_mentions(session, [theme.id for theme in waiting], at)
    for theme in waiting:
        found = counts.get(theme.id, queries.MentionCounts())
        if found.mentions >= theme.threshold:
            await _open_plan(session, theme, found, at)


async def _open_plan(
    session: Session, theme: Theme, found: queries.MentionCounts, at: datetime
) -> None:
    since = at - timedelta(days=theme.window_days)
    said = await queries.examples(session, theme.id, since, EXAMPLES)
    plan = await open_plan(
        session,
        title=theme.title,
        problem=f"{found.mentions} customers' comments in {theme.window_days} days"
        f" on {theme.service} speak of it.",
        owner=theme.owner,
        cause_key=f"theme:{theme.id}",
        cause={
            "kind": "feedback_theme",
            "theme": str(theme.id),
            "service": theme.service,
            "mentions": found.mentions,
            "threshold": theme.threshold,
            "window_days": theme.window_days,
            "positive": found.positive,
            "neutral": found.neutral,
            "negative": found.negative,
            "as_of": at.isoformat(),
            "examples": [
                {"entry": str(one.id), "said_at": one.said_at.isoformat(), "text": one.text[:500]}
                for one in said
            ],
        },
        caller_name=THE_SERVICE.subject,
    )
    before = _facts(theme)
    _set(theme, {"plan_id": plan.id})
    await record(session, THE_SERVICE, "plan_opened", _subject(theme), before, _facts(theme))


def _row(one: CustomerComment) -> dict[str, Any]:
    kind = _SCORE_KINDS.get(one.kind or "")
    return {
        "id": uuid4(),
        "kind": EntryKind.SURVEY,
        "source": one.source,
        "external_id": one.external_id,
        "service": one.service,
        "customer": one.customer,
        "touchpoint": one.touchpoint,
        "channel": one.channel,
        "text": one.comment,
        "words": folded(one.comment),
        "said_by": None,
        "said_at": one.answered_at,
        "score_kind": kind,
        "score": one.score,
        "sentiment": sentiment_of(kind, one.score),
        "received_at": one.received_at,
        "recorded_by": THE_SERVICE.subject,
    }


async def _locked(session: Session, theme_id: UUID, expected: int) -> Theme:
    theme = await queries.get_theme(session, theme_id, lock=True)
    check_version(expected, theme.version)
    return theme


def _set(theme: Theme, changes: Mapping[str, Any]) -> None:
    for field, value in changes.items():
        setattr(theme, field, value)
    theme.version += 1
    theme.updated_at = now()


def _subject(theme: Theme) -> tuple[str, str]:
    return ("feedback_theme", str(theme.id))


def _facts(theme: Theme) -> dict[str, Any]:
    return {name: getattr(theme, name) for name in _FACTS}
