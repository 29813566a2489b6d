"""What a statement that fails tells of itself, as logs repeat it."""

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from shared.kit.database import transaction
from shared.kit.jobs import JobContext
from tests.support import plumbing

SECRET = "whsec_do-not-tell"


async def test_the_values_of_a_statement_that_fails_are_not_told(context: JobContext) -> None:
    async with transaction(context.engine) as session:
        failing = insert(plumbing.note).values(id=text("1 / 0"), text=SECRET)
        with pytest.raises(DBAPIError) as failed:
            await session.execute(failing)

    assert "division by zero" in str(failed.value)
    assert SECRET not in str(failed.value)
