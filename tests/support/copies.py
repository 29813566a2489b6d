"""Copies of the catalog for tests, as a refresh would have made them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copies.schemas import KINDS
from metrics_api.copies.tables import CatalogCopy

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def add_copy(
    session: AsyncSession, kind: str, key: str, data: Any, *, recorded_at: datetime = LONG_AGO
) -> None:
    """Let a resource of the catalog be known; `data` has what KINDS says of the kind."""
    plain = KINDS[kind].model_validate(data).model_dump(mode="json")
    digest = hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).digest()
    row = {"kind": kind, "key": key, "data": plain, "digest": digest, "recorded_at": recorded_at}
    await session.execute(insert(CatalogCopy).values(row))
