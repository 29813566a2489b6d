"""Themes and entries as they are shown, with their counts and plans."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from improvement_api.feedback.queries import (
    MentionCounts,
    count_mentions,
    plans_of,
    themes_of_entries,
)
from improvement_api.feedback.schemas import (
    AnswerOut,
    FeedbackOut,
    LoopItem,
    LoopTheme,
    PlanRef,
    RequirementRef,
    ThemeOut,
)
from improvement_api.feedback.tables import Entry, Theme
from improvement_api.plans.tables import Plan
from shared.kit.database import Session

Plans = Mapping[UUID, Plan]


async def show_themes(session: Session, themes: Sequence[Theme], at: datetime) -> list[ThemeOut]:
    """Themes with what is counted of them now: two statements, however many they are."""
    counts = await count_mentions(session, [theme.id for theme in themes], at)
    plans = await _plans(session, themes)
    return [_theme(theme, counts.get(theme.id, MentionCounts()), plans) for theme in themes]


async def show_loop(session: Session, entries: Sequence[Entry]) -> list[LoopItem]:
    """Entries with the themes they belong to and what became of those."""
    found = await themes_of_entries(session, [entry.id for entry in entries])
    plans = await _plans(session, [row.Theme for row in found])
    by_entry: dict[UUID, list[LoopTheme]] = {}
    for row in found:
        by_entry.setdefault(row.entry_id, []).append(_of_loop(row.Theme, plans))
    return [
        LoopItem(entry=show_entry(entry), themes=by_entry.get(entry.id, [])) for entry in entries
    ]


def show_entry(entry: Entry) -> FeedbackOut:
    return FeedbackOut.model_validate({**vars(entry), "id": str(entry.id)})


async def _plans(session: Session, themes: Sequence[Theme]) -> Plans:
    return await plans_of(session, [theme.plan_id for theme in themes if theme.plan_id is not None])


def _theme(theme: Theme, counts: MentionCounts, plans: Plans) -> ThemeOut:
    shown = {
        **vars(theme),
        **vars(counts),
        "id": str(theme.id),
        "plan": _plan(theme, plans),
        "requirement": _requirement(theme),
        "answer": _answer(theme),
    }
    return ThemeOut.model_validate(shown)


def _of_loop(theme: Theme, plans: Plans) -> LoopTheme:
    return LoopTheme(
        id=str(theme.id),
        title=theme.title,
        plan=_plan(theme, plans),
        requirement=_requirement(theme),
        answer=_answer(theme),
    )


def _plan(theme: Theme, plans: Plans) -> PlanRef | None:
    plan = plans.get(theme.plan_id) if theme.plan_id is not None else None
    return None if plan is None else PlanRef(id=str(plan.id), title=plan.title, state=plan.state)


def _requirement(theme: Theme) -> RequirementRef | None:
    if theme.requirement_service is None:
        return None
    return RequirementRef(service=theme.requirement_service, requirement=str(theme.requirement_id))


def _answer(theme: Theme) -> AnswerOut | None:
    if theme.answer is None or theme.answered_at is None or theme.answered_by is None:
        return None
    return AnswerOut(text=theme.answer, at=theme.answered_at, by=theme.answered_by)
