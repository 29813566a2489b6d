"""Back-tests over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from improvement_api.backtests.actions import Tried, backtest
from improvement_api.backtests.schemas import (
    BacktestCreate,
    BacktestOut,
    BacktestRow,
    ChangeOut,
    VerdictChange,
)
from improvement_api.providers import AskedCatalogs
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageParams, PageQuery, bad_cursor, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.improvement import Gate, Verdict

router = Router(prefix="/v1", tags=["backtests"])

GatesRead = Annotated[Principal, requires("gates:read")]


@router.post(
    "/gates/{gate}/backtests", operation_id="backtest_gate", responses=problem_responses(404)
)
async def backtest_gate(
    gate: Gate,
    body: BacktestCreate,
    caller: GatesRead,
    heard: AskedCatalogs,
    session: Session,
    page: PageQuery,
    changed_only: Annotated[bool, Query(description="rows whose verdict would differ")] = False,
) -> BacktestOut:
    """Try a proposed gate on past evaluations; nothing is kept, and nobody is asked for facts.

    Each evaluation is judged by what it recorded then: a fact that it did not see makes the
    criterion `inconclusive` ("unknown fact at that time"), a criterion that demands the same keeps
    its outcome, signatures count for sign-offs of the same id and role, waivers in neither verdict.
    """
    _check_cursor(page)
    found = await backtest(session, gate, body, heard, page, changed_only=changed_only)
    shown = page_of(found.rows, page, key=lambda tried: tried.place)
    return BacktestOut(
        gate=gate,
        evaluations=found.totals.total(),
        changed=sum(count for (old, new), count in found.totals.items() if old is not new),
        totals=[
            VerdictChange(old_verdict=old, new_verdict=new, evaluations=found.totals[old, new])
            for old in Verdict
            for new in Verdict
            if found.totals[old, new]
        ],
        rows=[_row(tried) for tried in shown["items"]],
        next_cursor=shown["next_cursor"],
    )


def _check_cursor(page: PageParams) -> None:
    """The rows are compared here and not in SQL, which would check this itself."""
    if page.after is None:
        return
    kinds = (datetime, UUID)
    fits = len(page.after) == len(kinds) and all(map(isinstance, page.after, kinds))
    if not fits or page.after[0].tzinfo is None:
        raise bad_cursor()


def _row(tried: Tried) -> BacktestRow:
    return BacktestRow(
        evaluation=str(tried.row.id),
        service=tried.row.service,
        gate_version=tried.row.gate_version,
        evaluated_at=tried.row.evaluated_at,
        decided=tried.decided,
        old_verdict=tried.rejudged.old,
        new_verdict=tried.rejudged.new,
        changes=[
            ChangeOut(
                criterion=change.criterion,
                old_outcome=change.old,
                new_outcome=change.new,
                reason=change.reason,
            )
            for change in tried.rejudged.changes
        ],
    )
