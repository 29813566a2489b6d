"""The report on outcomes over HTTP."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.concurrency import run_in_threadpool

from improvement_api.outcomes.asking import Answers, ask
from improvement_api.outcomes.report import outcomes
from improvement_api.outcomes.rules import Window, window_of
from improvement_api.outcomes.schemas import OutcomesReport
from improvement_api.periods import end_of
from improvement_api.providers import Remotes
from improvement_api.root_causes.queries import permanent_fix_rate, rca_coverage
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.page_form import HTML_TOO, AsPage, page_reply
from shared.kit.routing import Router

router = Router(prefix="/v1/reports", tags=["reports"])

PlansRead = Annotated[Principal, requires("plans:read")]
Months = Annotated[
    int, Query(ge=1, le=60, description="whole months before this one (UTC)", examples=[18])
]


@dataclass(frozen=True)
class _Asked:
    window: Window
    answers: Answers
    at: datetime


# A dependency, so that the owners have answered before the first word to the database.
async def _asked(caller: PlansRead, providers: Remotes, months: Months = 18) -> _Asked:
    at = now()
    window = window_of(at.date(), months)
    return _Asked(window, await ask(providers, window), at)


@router.get(
    "/outcomes",
    operation_id="get_outcomes_report",
    response_model=OutcomesReport,
    responses={200: HTML_TOO},
)
async def get_outcomes_report(
    *,
    caller: PlansRead,
    asked: Annotated[_Asked, Depends(_asked)],
    session: Session,
    months: Months = 18,
    wants_page: AsPage,
) -> Any:
    """What became of it all in the last whole months: each figure with formula, n and source.

    Where an owner cannot be asked, its figures are null with the reason, and the others are given.
    """
    window, quarters = asked.window, asked.window.quarters
    last_day = window.until - timedelta(days=1)
    since, until = end_of(window.first - timedelta(days=1)), end_of(last_day)
    report = OutcomesReport(
        months=months,
        first_day=window.first,
        last_day=last_day,
        first_quarter=quarters[0] if quarters else None,
        last_quarter=quarters[-1] if quarters else None,
        as_of=asked.at,
        items=outcomes(
            asked.answers,
            await rca_coverage(session, since, until),
            await permanent_fix_rate(session, since, until),
        ),
    )
    if not wants_page:
        return report
    from improvement_api.outcomes.page import as_page  # noqa: PLC0415 - see shared.kit.pages

    body = await run_in_threadpool(as_page, report)
    return page_reply(body)
