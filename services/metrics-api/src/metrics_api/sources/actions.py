"""Registering ITSM tools, handing out their API keys and signing secrets."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from metrics_api.attribution.queries import advance_directory_revision
from metrics_api.sources import queries
from metrics_api.sources.rules import CATALOG_SOURCE, REFOLD_JOB, REFOLD_RECORDS_JOB
from metrics_api.sources.schemas import SecretCreate, SourceChange, SourceCreate, source_out
from metrics_api.sources.signatures import Scheme
from metrics_api.sources.tables import ApiKey, Source, SourceSecret
from metrics_api.sources.tools.registry import tool_of
from shared.errors import Conflict, NotFound
from shared.kit import audit, clock
from shared.kit.auth import ApiKeyRecord, Principal, hash_secret
from shared.kit.database import Engine, Session, driver, transaction
from shared.kit.etag import check_version
from shared.kit.jobs import enqueue
from shared.kit.webhooks import new_secret
from shared.scopes import API_KEY_SCOPES

FOLDED_BY = ("kind", "state_mapping", "priority_mapping")
CAN_BE_TAKEN_AWAY = frozenset({"timezone", "signature", "record_kind"})
SECRETS_AT_ONCE = 2
KEYS_REMEMBERED = 2.0  # seconds


async def create_source(session: Session, body: SourceCreate, caller: Principal) -> Source:
    if body.key == CATALOG_SOURCE:
        raise Conflict(
            f"{body.key} is the built-in source of the catalog's requests: choose another key",
            code="key_taken",
            pointer="/key",
        )
    values = body.model_dump(mode="json")
    values["delivery"] = body.delivery or tool_of(body.kind).delivery
    source = await queries.insert_source(
        session, {**values, "active": True, "version": 1, "created_at": clock.now()}
    )
    if source is None:
        raise Conflict(f"There is a source {body.key} already", code="key_taken", pointer="/key")
    await audit.record(session, caller, "created", ("source", source.key), after=_shown(source))
    await _announce(session, source, caller)
    return source


async def _announce(session: Session, source: Source, caller: Principal) -> None:
    """Keep the version, and have every process read the source again."""
    await queries.insert_version(
        session,
        {
            "source_id": source.id,
            "version": source.version,
            "recorded_at": clock.now(),
            "recorded_by": caller.person,
            "settings": source_out(source).model_dump(mode="json"),
        },
    )
    await queries.advance_inlets_revision(session)
    await advance_directory_revision(await driver(session))


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
    await _announce(session, source, caller)
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
    """What was sent; a null takes away only what can be absent, and changes nothing else."""
    sent = body.model_dump(mode="json", exclude_unset=True)
    return {
        name: sent[name] for name in sent if sent[name] is not None or name in CAN_BE_TAKEN_AWAY
    }


async def create_secret(
    session: Session, source_key: str, body: SecretCreate, caller: Principal
) -> tuple[SourceSecret, str]:
    """The stored secret, and the secret as the tool must know it.

    Raises Conflict while two are valid: one of them must be revoked or expire first.
    """
    source, now = await queries.get_source(session, source_key, lock=True), clock.now()
    _check_not_built_in(source_key)
    valid = await queries.valid_secrets(session, source.id, now)
    if len(valid) >= SECRETS_AT_ONCE:
        raise Conflict(
            f"{source_key} has {SECRETS_AT_ONCE} valid secrets: revoke one of"
            f" {', '.join(secret.id for secret in valid)}",
            code="too_many_secrets",
        )
    for secret in valid:
        if body.others_expire_at is not None:
            secret.expires_at = body.others_expire_at
    plain = body.secret or _new_secret(source_out(source).signature.scheme)
    made = await queries.insert_secret(
        session,
        {
            "id": secrets.token_hex(8),
            "source_id": source.id,
            "secret": plain,
            "created_at": now,
            "created_by": caller.subject,
        },
    )
    after = {"source": source_key, "others_expire_at": body.others_expire_at}
    await audit.record(session, caller, "created", ("source_secret", made.id), after=after)
    await queries.advance_inlets_revision(session)
    return made, plain


def _new_secret(scheme: Scheme) -> str:
    return new_secret() if scheme is Scheme.STANDARD_WEBHOOKS else secrets.token_urlsafe(32)


async def revoke_secret(
    session: Session, source_key: str, secret_id: str, caller: Principal
) -> None:
    source = await queries.get_source(session, source_key)
    if await queries.revoke_secret(session, source.id, secret_id, clock.now()) is None:
        raise NotFound(f"The source {source_key} has no secret {secret_id}")
    await audit.record(session, caller, "revoked", ("source_secret", secret_id))
    await queries.advance_inlets_revision(session)


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
    await queries.advance_inlets_revision(session)
    return key, f"tgk_{key.id}_{secret}"


async def revoke_api_key(session: Session, source_key: str, key_id: str, caller: Principal) -> None:
    source = await queries.get_source(session, source_key)
    key = await queries.revoke_api_key(session, source.id, key_id, clock.now())
    if key is None:
        raise NotFound(f"The source {source_key} has no API key {key_id}")
    await audit.record(session, caller, "revoked", ("api_key", key_id))
    await queries.advance_inlets_revision(session)


@dataclass
class RememberedKeys:
    """API keys that a process asked for lately: (record, when it was asked)."""

    found: dict[str, tuple[ApiKeyRecord, float]] = field(default_factory=dict)


_REMEMBERED: WeakKeyDictionary[Engine, RememberedKeys] = WeakKeyDictionary()


def forget_api_keys(engine: Engine) -> None:
    """A key was revoked: this process asks again at once, others within two seconds."""
    _REMEMBERED.pop(engine, None)


async def find_api_key(engine: Engine, key_id: str) -> ApiKeyRecord | None:
    """What authentication needs of an API key, remembered for two seconds.

    A tool sends hundreds of requests a second with one key, and each look-up is a transaction.
    """
    remembered = _REMEMBERED.setdefault(engine, RememberedKeys()).found
    known = remembered.get(key_id)
    if known is not None and time.monotonic() - known[1] < KEYS_REMEMBERED:
        return known[0]
    asked_at = time.monotonic()
    async with transaction(engine) as session:
        found = await queries.find_api_key(session, key_id)
    if found is None:
        remembered.pop(key_id, None)
        return None
    key, source = found
    record = ApiKeyRecord(
        secret_hash=key.secret_hash,
        scopes=frozenset(API_KEY_SCOPES),
        source=source,
        revoked=key.revoked_at is not None,
    )
    remembered[key_id] = record, asked_at
    return record


def _shown(source: Source) -> dict[str, Any]:
    return source_out(source).model_dump(mode="json")
