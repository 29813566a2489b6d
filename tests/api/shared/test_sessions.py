"""The driver's connection under a session: for as long as the transaction, and no longer."""

from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.database import driver, reading, rows_of, transaction
from shared.kit.jobs import JobContext


async def test_a_session_forgets_its_connection_with_its_transaction(context: JobContext) -> None:
    async with AsyncSession(context.engine) as session:
        first = await driver(session)
        assert await driver(session) is first
        await session.rollback()

        async with transaction(context.engine) as other:
            assert await driver(other) is first, "it went back to the pool"
            assert await driver(session) is not first


async def test_a_savepoint_is_of_the_same_connection(context: JobContext) -> None:
    async with transaction(context.engine) as session:
        outside = await driver(session)
        async with session.begin_nested():
            assert await driver(session) is outside


async def test_reading_remembers_its_connection_and_gives_it_back(context: JobContext) -> None:
    async with reading(context.engine) as session:
        first = await driver(session)
        assert [tuple(row) for row in await rows_of(session, "SELECT 1 AS one", {})] == [(1,)]
        assert await driver(session) is first
    async with reading(context.engine) as session:
        assert await driver(session) is first
