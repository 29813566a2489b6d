"""Making and revoking the tokens of badges."""

import secrets
from uuid import UUID, uuid4

from improvement_api.checks.queries import insert_badge_token, lock_badge_token
from improvement_api.checks.tables import BadgeToken
from shared.kit.audit import record
from shared.kit.auth import Principal, hash_secret
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.improvement import Gate

TOKEN_BYTES = 24  # 192 random bits: nobody guesses one


async def create_badge_token(
    session: Session, service: str, gate: Gate, caller: Principal
) -> tuple[BadgeToken, str]:
    """A new token of a badge, and what is said of it this once."""
    secret = secrets.token_urlsafe(TOKEN_BYTES)
    token = BadgeToken(
        id=uuid4(),
        service=service,
        gate=gate,
        token_hash=hash_secret(secret),
        created_at=now(),
        created_by=caller.person,
        revoked_at=None,
        revoked_by=None,
    )
    await insert_badge_token(session, token)
    after = {"service": service, "gate": gate}
    await record(session, caller, "created", ("badge_token", str(token.id)), None, after)
    return token, secret


async def revoke_badge_token(session: Session, token_id: UUID, caller: Principal) -> BadgeToken:
    """The badge is seen with it no more; revoking twice is harmless."""
    token = await lock_badge_token(session, token_id)
    if token.revoked_at is None:
        token.revoked_at, token.revoked_by = now(), caller.person
        before = {"service": token.service, "gate": token.gate}
        await record(session, caller, "revoked", ("badge_token", str(token_id)), before, None)
    return token
