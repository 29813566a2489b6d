"""HTTP of feedback and its themes."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from improvement_api.feedback import actions, queries
from improvement_api.feedback.asking import CheckedFeedback, CheckedRequirement, CheckedTheme
from improvement_api.feedback.queries import EntryFilter
from improvement_api.feedback.rules import EntryKind, Sentiment
from improvement_api.feedback.schemas import (
    AnswerPut,
    FeedbackOut,
    LoopItem,
    MentionOut,
    MentionPut,
    ThemeOut,
    ThemePatch,
)
from improvement_api.feedback.shapes import show_entry, show_loop, show_themes
from improvement_api.feedback.tables import Theme
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Timestamp

router = Router(prefix="/v1", tags=["feedback"])

PlansRead = Annotated[Principal, requires("plans:read")]
FeedbackWrite = Annotated[Principal, requires("feedback:write")]


async def entry_filter(
    *,
    service: Annotated[Key | None, Query()] = None,
    customer: Annotated[Key | None, Query()] = None,
    touchpoint: Annotated[ShortText | None, Query()] = None,
    kind: Annotated[EntryKind | None, Query()] = None,
    sentiment: Annotated[Sentiment | None, Query(description="of a survey's score")] = None,
    said_from: Annotated[Timestamp | None, Query()] = None,
    said_to: Annotated[Timestamp | None, Query(description="not included")] = None,
    theme: Annotated[UUID | None, Query(description="entries that belong to it")] = None,
) -> EntryFilter:
    return EntryFilter(service, customer, touchpoint, kind, sentiment, said_from, said_to, theme)


@router.post(
    "/feedback",
    status_code=201,
    operation_id="record_feedback",
    responses=problem_responses(409, 503),
)
async def record_feedback(
    *,
    caller: FeedbackWrite,
    body: CheckedFeedback,
    _: Idempotent,
    session: Session,
    response: Response,
) -> FeedbackOut:
    """Record what a customer said; themes of the service whose phrases are in it take it in."""
    entry = await actions.take_in(session, body, caller)
    response.headers["Location"] = f"/v1/feedback/{entry.id}"
    return show_entry(entry)


@router.get("/feedback", operation_id="list_feedback", responses=problem_responses(400))
async def list_feedback(
    session: Session,
    caller: PlansRead,
    wanted: Annotated[EntryFilter, Depends(entry_filter)],
    page: PageQuery,
) -> Page[FeedbackOut]:
    """What customers said, by surveys and directly, the last first."""
    rows = await queries.list_entries(session, wanted, page)
    found = page_of(rows, page, key=lambda row: (row.said_at, row.id))
    return Page[FeedbackOut](
        items=[show_entry(row) for row in found["items"]], next_cursor=found["next_cursor"]
    )


# Before /{entry_id}: the first route that fits answers.
@router.get("/feedback/loop", operation_id="list_feedback_loop", responses=problem_responses(400))
async def list_feedback_loop(
    *,
    session: Session,
    caller: PlansRead,
    page: PageQuery,
    customer: Annotated[Key, Query()],
    service: Annotated[Key | None, Query()] = None,
) -> Page[LoopItem]:
    """What a customer said and what became of it: theme, requirement, plan and answer."""
    wanted = EntryFilter(service=service, customer=customer)
    rows = await queries.list_entries(session, wanted, page)
    found = page_of(rows, page, key=lambda row: (row.said_at, row.id))
    return Page[LoopItem](
        items=await show_loop(session, found["items"]), next_cursor=found["next_cursor"]
    )


@router.get("/feedback/{entry_id}", operation_id="get_feedback", responses=problem_responses(404))
async def get_feedback(entry_id: UUID, session: Session, caller: PlansRead) -> FeedbackOut:
    """One thing that was said."""
    return show_entry(await queries.get_entry(session, entry_id))


@router.post(
    "/feedback-themes",
    status_code=201,
    operation_id="create_feedback_theme",
    responses=problem_responses(409, 503),
)
async def create_feedback_theme(
    *,
    caller: FeedbackWrite,
    body: CheckedTheme,
    _: Idempotent,
    session: Session,
    response: Response,
) -> ThemeOut:
    """A theme of a service. What was said within its window and has its phrases is in it at once.

    When its mentions reach the threshold it opens one plan, which cites them.
    """
    theme = await actions.create_theme(session, body, caller)
    response.headers["Location"] = f"/v1/feedback-themes/{theme.id}"
    return await _shown(session, theme, response)


@router.get(
    "/feedback-themes", operation_id="list_feedback_themes", responses=problem_responses(400)
)
async def list_feedback_themes(
    *,
    session: Session,
    caller: PlansRead,
    page: PageQuery,
    service: Annotated[Key | None, Query()] = None,
    owner: Annotated[ShortText | None, Query()] = None,
) -> Page[ThemeOut]:
    """Themes with their mentions, newest first."""
    rows = await queries.list_themes(session, service, owner, page)
    found = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    return Page[ThemeOut](
        items=await show_themes(session, found["items"], now()), next_cursor=found["next_cursor"]
    )


@router.get(
    "/feedback-themes/{theme_id}",
    operation_id="get_feedback_theme",
    responses=problem_responses(404),
)
async def get_feedback_theme(
    theme_id: UUID, session: Session, caller: PlansRead, response: Response
) -> ThemeOut:
    """One theme with its mentions, counted now."""
    return await _shown(session, await queries.get_theme(session, theme_id), response)


@router.patch(
    "/feedback-themes/{theme_id}",
    operation_id="change_feedback_theme",
    responses=problem_responses(404, 412, 428),
)
async def change_feedback_theme(
    *,
    theme_id: UUID,
    body: ThemePatch,
    caller: FeedbackWrite,
    version: IfMatch,
    session: Session,
    response: Response,
) -> ThemeOut:
    """Change what a theme is called, attracts, or needs to open its plan."""
    theme = await actions.change_theme(session, theme_id, body, version, caller)
    return await _shown(session, theme, response)


@router.put(
    "/feedback-themes/{theme_id}/requirement",
    operation_id="link_theme_requirement",
    responses=problem_responses(404, 412, 428, 503),
)
async def link_theme_requirement(
    *,
    theme_id: UUID,
    caller: FeedbackWrite,
    body: CheckedRequirement,
    version: IfMatch,
    session: Session,
    response: Response,
) -> ThemeOut:
    """Say which requirement of the catalog the theme became."""
    theme = await actions.link_requirement(session, theme_id, body, version, caller)
    return await _shown(session, theme, response)


@router.put(
    "/feedback-themes/{theme_id}/answer",
    operation_id="answer_feedback_theme",
    responses=problem_responses(404, 412, 428),
)
async def answer_feedback_theme(
    *,
    theme_id: UUID,
    body: AnswerPut,
    caller: FeedbackWrite,
    version: IfMatch,
    session: Session,
    response: Response,
) -> ThemeOut:
    """Say what customers are told; who answers and when is kept."""
    theme = await actions.answer_theme(session, theme_id, body.text, version, caller)
    return await _shown(session, theme, response)


@router.get(
    "/feedback-themes/{theme_id}/mentions",
    operation_id="list_theme_mentions",
    responses=problem_responses(400, 404),
)
async def list_theme_mentions(
    theme_id: UUID, session: Session, caller: PlansRead, page: PageQuery
) -> Page[MentionOut]:
    """What belongs to a theme, and what was left out by hand, the last said first."""
    await queries.get_theme(session, theme_id)
    rows = await queries.list_mentions(session, theme_id, page)
    found = page_of(rows, page, key=lambda row: (row.Entry.said_at, row.Entry.id))
    items = [
        MentionOut.model_validate({**vars(row.Mention), "entry": show_entry(row.Entry)})
        for row in found["items"]
    ]
    return Page[MentionOut](items=items, next_cursor=found["next_cursor"])


@router.put(
    "/feedback-themes/{theme_id}/mentions/{entry_id}",
    status_code=204,
    operation_id="put_theme_mention",
    responses=problem_responses(404),
)
async def put_theme_mention(
    theme_id: UUID, entry_id: UUID, body: MentionPut, caller: FeedbackWrite, session: Session
) -> None:
    """Take an entry into a theme or leave it out, with the reason; phrases change it no more."""
    await actions.put_mention(session, theme_id, entry_id, body, caller)


async def _shown(session: Session, theme: Theme, response: Response) -> ThemeOut:
    set_etag(response, theme.version)
    (shown,) = await show_themes(session, [theme], now())
    return shown
