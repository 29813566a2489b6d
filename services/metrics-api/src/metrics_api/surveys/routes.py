"""HTTP of surveys: how satisfied people are, and what they write."""

from typing import Annotated

from fastapi import Depends, Query, Request

from metrics_api.indicators.parameters import AsOf, PeriodList, TimeZone
from metrics_api.indicators.periods import parse_periods, parse_zone
from metrics_api.surveys import actions, queries
from metrics_api.surveys.actions import SatisfactionQuestion
from metrics_api.surveys.queries import CommentFilter, SurveyFilter
from metrics_api.surveys.rules import MAX_PERIODS, Facet, SurveyKind
from metrics_api.surveys.schemas import SatisfactionReport, SurveyComment
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageParams, PageQuery, bad_cursor, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Timestamp

router = Router(prefix="/v1", tags=["surveys"])

SurveysRead = Annotated[Principal, requires("metrics:read")]


async def survey_filter(
    *,
    service: Annotated[Key | None, Query()] = None,
    touchpoint: Annotated[ShortText | None, Query(examples=["portal"])] = None,
    customer: Annotated[
        Key | None, Query(description="whom the survey asked, whichever service it was about")
    ] = None,
) -> SurveyFilter:
    return SurveyFilter(service, touchpoint, customer)


Surveys = Annotated[SurveyFilter, Depends(survey_filter)]


async def comment_filter(
    *,
    surveys: Surveys,
    kind: Annotated[SurveyKind | None, Query()] = None,
    score_from: Annotated[int | None, Query(ge=0, le=10)] = None,
    score_to: Annotated[int | None, Query(ge=0, le=10, description="included")] = None,
    answered_from: Annotated[Timestamp | None, Query()] = None,
    answered_to: Annotated[Timestamp | None, Query(description="not included")] = None,
    received_from: Annotated[
        Timestamp | None, Query(description="for those who come back for what is new since")
    ] = None,
    received_to: Annotated[Timestamp | None, Query(description="not included")] = None,
) -> CommentFilter:
    return CommentFilter(
        surveys=surveys,
        kind=None if kind is None else kind.value,
        score_from=score_from,
        score_to=score_to,
        answered_from=answered_from,
        answered_to=answered_to,
        received_from=received_from,
        received_to=received_to,
    )


@router.get(
    "/reports/satisfaction",
    operation_id="get_satisfaction_report",
    responses=problem_responses(400),
)
async def get_satisfaction_report(
    *,
    request: Request,
    session: Session,
    caller: SurveysRead,
    page: PageQuery,
    surveys: Surveys,
    kind: SurveyKind,
    periods: PeriodList,
    by: Annotated[Facet, Query(description="what there is a row for")] = Facet.TOUCHPOINT,
    timezone: TimeZone = "UTC",
    as_of: AsOf = None,
) -> SatisfactionReport:
    """CSAT or NPS with n, response rate, distribution and margin of error, at most 60 periods.

    An answer belongs to the period in which it was given, the response rate to the one in which
    the survey was sent. Customers here are those who were asked; a KPI of a customer covers the
    services it is engaged with.
    """
    _check(page)
    asked = parse_periods(periods.split(","), parse_zone(timezone), as_of or now())
    if len(asked) > MAX_PERIODS:
        raise Invalid(
            f"at most {MAX_PERIODS} periods can be asked for at once",
            code="bad_period",
            pointer="/query/periods",
        )
    question = SatisfactionQuestion(kind, by, asked, timezone, surveys, as_of)
    return await actions.satisfaction_report(session, request.app.state.engine, question, page)


def _check(page: PageParams) -> None:
    """A cursor is the key of the last row of the page before."""
    if page.after is not None and (len(page.after) != 1 or not isinstance(page.after[0], str)):
        raise bad_cursor()


@router.get(
    "/surveys/comments", operation_id="list_survey_comments", responses=problem_responses(400)
)
async def list_survey_comments(
    session: Session,
    caller: SurveysRead,
    wanted: Annotated[CommentFilter, Depends(comment_filter)],
    page: PageQuery,
) -> Page[SurveyComment]:
    """What people wrote when they answered, the newest answer first."""
    rows = await queries.list_comments(session, wanted, page)
    found = page_of(rows, page, key=lambda row: (row.answered_at, row.source_id, row.external_id))
    return Page[SurveyComment].model_validate(found)
