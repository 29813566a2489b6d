"""Several questions in one round trip, some with plans that are kept."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from shared.kit.database import Query, answer, answers, reading, rows_of, transaction
from shared.kit.jobs import JobContext
from tests.support import plumbing

NOTES = "SELECT id, text FROM plumbing.note WHERE id = :id"
SCANS = Query("SHOW enable_seqscan", {}, lambda rows: rows[0].enable_seqscan)
PLANS = Query("SHOW plan_cache_mode", {}, lambda rows: rows[0].plan_cache_mode)


def text_of(note: int) -> Query[str | None]:
    return Query(NOTES, {"id": note}, lambda rows: rows[0].text if rows else None)


@pytest.fixture
async def notes(context: JobContext) -> AsyncEngine:
    async with transaction(context.engine) as session:
        for number, text in enumerate(("a", "b"), start=1):
            await session.execute(insert(plumbing.note).values(id=number, text=text))
    return context.engine


async def settings(session: AsyncSession) -> list[Any]:
    return [await answer(session, SCANS), await answer(session, PLANS)]


@pytest.mark.parametrize("by_index", [False, True])
async def test_each_question_is_answered_by_its_name(notes: AsyncEngine, by_index: bool) -> None:
    asked = {"first": text_of(1), "second": text_of(2), "none": text_of(3)}

    async with reading(notes) as session:
        for _ in range(8):  # prepared meanwhile
            said = await answers(session, asked, by_index=by_index)
            assert said == {"first": "a", "second": "b", "none": None}
        assert await answers(session, {}, by_index=by_index) == {}


async def test_kept_plans_are_for_one_round_trip_only(notes: AsyncEngine) -> None:
    async with reading(notes) as session:
        before = await settings(session)
        said = await answers(session, {"scans": SCANS, "plans": PLANS}, by_index=True)
        after = await settings(session)

    assert list(said.values()) == ["off", "force_generic_plan"]
    assert after == before != list(said.values())


async def test_nor_do_they_outlive_a_question_that_fails(notes: AsyncEngine) -> None:
    broken: Query[Any] = Query("SELECT 1 / (id - id) FROM plumbing.note", {}, list)

    async with reading(notes) as session:
        before = await settings(session)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await answers(session, {"good": text_of(1), "broken": broken}, by_index=True)
        assert await settings(session) == before
        assert await answer(session, text_of(1)) == "a"


async def test_a_transaction_keeps_its_plans(notes: AsyncEngine) -> None:
    async with transaction(notes) as session:
        before = await settings(session)
        said = await answers(session, {"scans": SCANS, "plans": PLANS}, by_index=True)

        assert list(said.values()) == before
        assert await rows_of(session, NOTES, {"id": 1}) == [(1, "a")]
