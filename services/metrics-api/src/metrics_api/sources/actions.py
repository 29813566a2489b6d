"""Registering ITSM tools and handing out their API keys."""

import secrets
from collections.abc import Mapping
from typing import Any

from metrics_api.attribution.queries import advance_directory_revision
from metrics_api.sources import queries
from metrics_api.sources.rules import CATALOG_SOURCE, REFOLD_JOB, REFOLD_RECORDS_JOB
from metrics_api.sources.schemas import SourceChange, SourceCreate, SourceOut
from metrics_api.sources.tables import ApiKey, Source
from shared.errors import Conflict, NotFound
from shared.kit import audit, clock
from shared.kit.auth import ApiKeyRecord, Principal, hash_secret
from shared.kit.database import Engine, Session, driver, transaction
from shared.kit.etag import check_version
from shared.kit.jobs import enqueue

FOLDED_BY = ("state_mapping", "priority_mapping")
KEY_SCOPES = ("incidents:write", "records:write")


async def create_source(session: Session, body: SourceCreate, caller: Principal) -> Source:
    if body.key == CATALOG_SOURCE:
        raise Conflict(
            f"{body.key} is the built-in source of the catalog's requests: choose another key",
            code="key_taken",
            pointer="/key",
        )
    values = body.model_dump(mode="json")
    source = await queries.insert_source(
        session, {**values, "active": True, "version": 1, "created_at": clock.now()}
    )
    if source is None:
        raise Conflict(f"There is a source {body.key} already", code="key_taken", pointer="/key")
    await audit.record(session, caller, "created", ("source", source.key), after=_shown(source))
    await advance_directory_revision(await driver(session))
    return source


async def change_source(
    session: Session, key: str, expected: int, body: SourceChange, caller: Principal
) -> Source:
    source = await queries.get_source(session, key, lock=True)
    _check_not_built_in(key)
    check_version(expected, source.version)
    before = _shown(source)
    for name, value in _changes(body).items():
        setattr(source, name, value)
    source.version += 1
    await session.flush()
    await audit.record(session, caller, "changed", ("source", key), before, _shown(source))
    await advance_directory_revision(await driver(session))
    if any(before[name] != getattr(source, name) for name in FOLDED_BY):
        for job in (REFOLD_JOB, REFOLD_RECORDS_JOB):
            lock = f"{job}:{key}"
            await enqueue(session, job, {"source": key}, lock=lock, queueing_lock=lock)
    return source


def _check_not_built_in(key: str) -> None:
    if key == CATALOG_SOURCE:
        raise Conflict(
            f"{key} is the built-in source of the catalog's requests: only its events write them",
            code="built_in_source",
        )


def _changes(body: SourceChange) -> Mapping[str, Any]:
    """What was sent; only the time zone can be taken away by a null."""
    sent = body.model_dump(mode="json", exclude_unset=True)
    return {name: sent[name] for name in sent if sent[name] is not None or name == "timezone"}


async def create_api_key(
    session: Session, source_key: str, name: str, caller: Principal
) -> tuple[ApiKey, str]:
    """The stored key, and the key as its holder will send it."""
    source = await queries.get_source(session, source_key)
    _check_not_built_in(source_key)
    secret = secrets.token_urlsafe(32)
    key = await queries.insert_api_key(
        session,
        {
            "id": secrets.token_hex(8),
            "source_id": source.id,
            "name": name,
            "secret_hash": hash_secret(secret),
            "created_at": clock.now(),
            "created_by": caller.subject,
        },
    )
    after = {"source": source_key, "name": name}
    await audit.record(session, caller, "created", ("api_key", key.id), after=after)
    return key, f"tgk_{key.id}_{secret}"


async def revoke_api_key(session: Session, source_key: str, key_id: str, caller: Principal) -> None:
    source = await queries.get_source(session, source_key)
    key = await queries.revoke_api_key(session, source.id, key_id, clock.now())
    if key is None:
        raise NotFound(f"The source {source_key} has no API key {key_id}")
    await audit.record(session, caller, "revoked", ("api_key", key_id))


async def find_api_key(engine: Engine, key_id: str) -> ApiKeyRecord | None:
    """What authentication needs of an API key; asked at each request, so a revoked key is out."""
    async with transaction(engine) as session:
        found = await queries.find_api_key(session, key_id)
    if found is None:
        return None
    key, source = found
    return ApiKeyRecord(
        secret_hash=key.secret_hash,
        scopes=frozenset(KEY_SCOPES),
        source=source,
        revoked=key.revoked_at is not None,
    )


def _shown(source: Source) -> dict[str, Any]:
    return SourceOut.model_validate(source).model_dump()
