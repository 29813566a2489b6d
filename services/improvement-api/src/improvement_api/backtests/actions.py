"""Trying a proposed gate on the evaluations that were made."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from improvement_api.backtests.rules import Past, Rejudged, Totals, rejudge
from improvement_api.backtests.schemas import BacktestCreate
from improvement_api.decisions.queries import frozen_verdicts
from improvement_api.evaluations.queries import (
    RESULTS,
    PastFilter,
    count_past,
    past_evaluations,
)
from improvement_api.evaluations.tables import Evaluation
from improvement_api.facts.rules import Heard
from improvement_api.gates.actions import propose
from improvement_api.gates.queries import versions_of
from improvement_api.gates.rules import GateDefinition
from improvement_api.signatures.queries import GivenSignature, signatures_of
from shared.errors import Invalid
from shared.kit.database import Session
from shared.kit.pagination import PageParams
from shared.schemas.improvement import Gate

MOST = 2000  # at fifty criteria each some seconds of one thread
AT_ONCE = 100  # in memory


@dataclass(frozen=True)
class Tried:
    """One evaluation, judged by both definitions."""

    row: Evaluation
    decided: bool
    rejudged: Rejudged

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in the list, which is from the newest on."""
        return self.row.evaluated_at, self.row.id


@dataclass(frozen=True)
class Backtest:
    """Totals of all evaluations, and the rows after a place, one more than a page holds."""

    totals: Totals
    rows: Sequence[Tried]


async def backtest(
    session: Session,
    gate: Gate,
    body: BacktestCreate,
    heard: Heard,
    page: PageParams,
    *,
    changed_only: bool,
) -> Backtest:
    """Judge every evaluation that fits; 422 when there are more than can be judged at once."""
    proposed = await propose(session, gate, body, heard)
    wanted = PastFilter(gate, body.since, body.until, body.service)
    if await count_past(session, wanted, MOST + 1) > MOST:
        raise Invalid(
            f"There are more than {MOST} evaluations in that time: choose a shorter one, or one"
            " service",
            code="too_many_evaluations",
            pointer="/from",
        )
    totals: Totals = Counter()
    rows: list[Tried] = []
    async for tried in _tried(session, proposed, wanted):
        old, new = tried.rejudged.old, tried.rejudged.new
        totals[old, new] += 1
        beyond = page.after is None or tried.place < page.after
        if beyond and len(rows) <= page.limit and not (changed_only and old is new):
            rows.append(tried)
    return Backtest(totals, rows)


async def _tried(
    session: Session, proposed: GateDefinition, wanted: PastFilter
) -> AsyncIterator[Tried]:
    """The evaluations that fit, newest first, some at a time."""
    after: tuple[datetime, UUID] | None = None
    while True:
        found = await past_evaluations(session, wanted, PageParams(AT_ONCE, after))
        for tried in await _try_some(session, proposed, found[:AT_ONCE]):
            yield tried
            after = tried.place
        if len(found) <= AT_ONCE:
            return


async def _try_some(
    session: Session, proposed: GateDefinition, rows: Sequence[Evaluation]
) -> list[Tried]:
    ids = [row.id for row in rows]
    definitions = await versions_of(session, ((row.gate, row.gate_version) for row in rows))
    signatures = await signatures_of(session, ids)
    decided = await frozen_verdicts(session, ids)
    pasts = [
        Past(
            definition=definitions[row.gate, row.gate_version],
            at=row.evaluated_at,
            results=RESULTS.validate_python(row.results),
            signers=_signers(signatures.get(row.id, [])),
        )
        for row in rows
    ]
    # Off the event loop, as in an evaluation; each expression is bounded (facts.expressions).
    rejudged = await asyncio.to_thread(lambda: [rejudge(proposed, past) for past in pasts])
    return [
        Tried(row, row.id in decided, judged) for row, judged in zip(rows, rejudged, strict=True)
    ]


def _signers(signatures: Sequence[GivenSignature]) -> dict[str, list[str]]:
    signers: dict[str, list[str]] = {}
    for given in signatures:
        if given.withdrawn_at is None:
            holder = given.row.delegated_by or given.row.signed_by
            signers.setdefault(given.row.criterion, []).append(holder)
    return signers
