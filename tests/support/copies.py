"""Copies of the catalog for tests, as a refresh would have made them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copies.schemas import KINDS
from metrics_api.copies.tables import CatalogCopy
from shared.kit.database import transaction
from tests.support.metrics import Metrics

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def add_copy(
    session: AsyncSession, kind: str, key: str, data: Any, *, recorded_at: datetime = LONG_AGO
) -> None:
    """Let a resource of the catalog be known; `data` has what KINDS says of the kind."""
    plain = KINDS[kind].model_validate(data).model_dump(mode="json")
    digest = hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).digest()
    row = {"kind": kind, "key": key, "data": plain, "digest": digest, "recorded_at": recorded_at}
    await session.execute(insert(CatalogCopy).values(row))


async def waiting(metrics: Metrics, job: str) -> list[Any]:
    """What jobs of this name were enqueued with, in their order."""
    statement = text(
        "SELECT args FROM metrics_jobs.procrastinate_jobs WHERE task_name = :job ORDER BY id"
    )
    async with transaction(metrics.engine) as session:
        return list((await session.execute(statement, {"job": job})).scalars())
