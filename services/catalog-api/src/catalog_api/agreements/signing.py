"""Signing a version, and what its last signature brings about."""

from catalog_api.agreements import queries, rules
from catalog_api.agreements.actions import record, version_of
from catalog_api.agreements.rules import Review, Signer
from catalog_api.agreements.schemas import SignatureWrite
from catalog_api.agreements.texts import scope_of
from catalog_api.ceilings.actions import ceilings_kept
from catalog_api.people import require_person
from catalog_api.priorities import queries as priority_queries
from catalog_api.priorities.comparisons import refuse_looser_scheme
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.jobs import bring_forward
from shared.schemas.agreements import (
    AgreementState,
    AgreementVersionOut,
    SchemeVersionOut,
    Side,
)

ADVANCE = "advance_agreements"


async def sign_version(
    session: Session, caller: Principal, place: tuple[str, int], body: SignatureWrite
) -> AgreementVersionOut:
    """Sign for one side, in person; with the second signature the version is signed."""
    person = require_person(caller, "sign an agreement")
    await queries.lock_agreement(session, place[0])
    before = await version_of(session, *place)
    review, signer = review_of(before), Signer(person, body.side, body.text_hash)
    moment = now()
    rules.check_signature(review, signer, moment)
    signature = {
        "agreement_key": place[0],
        "version": place[1],
        "round": await queries.round_of(session, *place),
        "side": body.side,
        "subject": person,
        "text_hash": body.text_hash,
        "signed_at": moment,
    }
    await queries.insert_signature(session, signature)
    if rules.is_last(review, signer):
        await _conclude(session, before)
    after = await version_of(session, *place)
    action = "signed" if after.state is AgreementState.SIGNED else "signature_given"
    await record(session, caller, after, action, before)
    if after.state is AgreementState.SIGNED and after.starts_at <= moment:
        await bring_forward(session, ADVANCE)
    return after


def review_of(version: AgreementVersionOut) -> Review:
    """A version as the rules of signing see it."""
    return Review(
        state=version.state,
        text_hash=version.text_hash,
        signatories={
            Side.PROVIDER: version.text.provider.signatories,
            Side.CUSTOMER: version.text.customer.signatories,
        },
        given={one.side: one.subject for one in version.signatures},
        ends_at=version.ends_at,
    )


async def _conclude(session: Session, version: AgreementVersionOut) -> None:
    """The version is signed, unless nobody could keep it: 409 names what is in the way."""
    key, number = version.agreement, version.version
    await priority_queries.lock_promises(session)
    values = {"state": AgreementState.SIGNED, "signed_at": now()}
    await queries.change_version(session, key, number, values)
    await _refuse_looser_schemes(session, key, number)
    await _rehearse(session, version)


async def _refuse_looser_schemes(session: Session, key: str, number: int) -> None:
    """409 when the scheme of one of its services allows more time than the version promises."""
    for promise in await queries.promises_of(session, key, number):
        scheme = await priority_queries.scheme_of(session, promise.service)
        if scheme is not None:
            await refuse_looser_scheme(session, SchemeVersionOut.model_validate(scheme), [promise])


async def _rehearse(session: Session, version: AgreementVersionOut) -> None:
    """409 when it would break a ceiling if it were active now: do it, look, and undo it."""
    rehearsal = await session.begin_nested()
    await begin_promises(session, version)
    await rehearsal.rollback()


async def begin_promises(session: Session, version: AgreementVersionOut) -> None:
    """Let a version hold in place of the one before; 409 when that breaks a ceiling."""
    key, number = version.agreement, version.version
    changed = scope_of(version.text)
    former = await queries.active_version(session, key)
    if former is not None:
        changed |= scope_of((await version_of(session, key, former)).text)
    async with ceilings_kept(session, changed):
        if former is not None:
            await queries.change_version(session, key, former, {"state": AgreementState.EXPIRED})
        await queries.change_version(session, key, number, {"state": AgreementState.ACTIVE})
