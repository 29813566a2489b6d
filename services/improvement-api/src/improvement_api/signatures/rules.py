"""Who may put their signature to what, and when a signature counts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from improvement_api.gates.rules import Criterion, SignOffCriterion
from shared.errors import Conflict, Forbidden, Invalid


def sign_off_of(criteria: Sequence[Criterion], wanted: str) -> SignOffCriterion:
    """The sign-off criterion of this id; 422 when the gate has none."""
    for criterion in criteria:
        if criterion.id == wanted and isinstance(criterion, SignOffCriterion):
            return criterion
    asked = [one.id for one in criteria if isinstance(one, SignOffCriterion)]
    raise Invalid(
        f"{wanted} is no sign-off criterion of this evaluation;"
        f" there are: {', '.join(asked) or 'none'}",
        code="no_sign_off",
        pointer="/criterion",
    )


def counts(expires_at: datetime | None, withdrawn_at: datetime | None, at: datetime) -> bool:
    """Whether a signature counted at a moment: not withdrawn before, nor expired."""
    withdrawn = withdrawn_at is not None and withdrawn_at <= at
    return not withdrawn and (expires_at is None or at < expires_at)


def expiry_of(criterion: SignOffCriterion, signed_at: datetime) -> datetime | None:
    """When a signature given now stops counting; None: not before its evaluation does."""
    if criterion.signature_hours is None:
        return None
    return signed_at + timedelta(hours=criterion.signature_hours)


def check_hash(seen: str, facts_hash: str) -> None:
    """A signature stands by the facts its giver saw, and by no others (409)."""
    if seen != facts_hash:
        raise Conflict(
            "facts_hash is not that of this evaluation: read it again before you sign",
            code="facts_changed",
            pointer="/facts_hash",
        )


def check_in_person(*, kind: str, acting_for: str | None, act: str) -> None:
    """Some acts are a person's own, whatever the scopes of a client (403)."""
    if kind != "user" or acting_for is not None:
        raise Forbidden(f"Only a person can {act}, and nobody in their place", code="not_in_person")


def check_person(
    *, kind: str, acting_for: str | None, roles: Collection[str], role: str, act: str
) -> None:
    """Signing and deciding is done in person, by a holder of the role (403)."""
    check_in_person(kind=kind, acting_for=acting_for, act=act)
    if role not in roles:
        raise Forbidden(
            f"To {act} here needs the role {role}", code="role_missing", missing_role=role
        )


def check_eligible(criterion: SignOffCriterion, holder: str) -> None:
    """Where a criterion names its M holders, only they sign, in person or by delegation (403)."""
    if criterion.of is not None and holder not in criterion.of:
        raise Forbidden(
            f"{criterion.id} is signed by {criterion.signatures} of: {', '.join(criterion.of)}",
            code="not_eligible",
        )


def check_independence(
    persons: Iterable[str],
    requested_by: Collection[str | None],
    signed: Sequence[tuple[str, str]],
    voters: Collection[str],
) -> None:
    """No self-approval (403); a person signs once, and so for one role, and does not vote (409).

    `persons` are who signs and, by a delegation, for whom; `signed` has each person behind the
    signatures that count, with their criterion. So neither of two who share a delegation can do
    what the other has done.
    """
    for person in persons:
        if person in requested_by:
            raise Forbidden(
                f"{person} asked for this evaluation and cannot sign it, nor have it signed for"
                " them: that would be self-approval",
                code="self_approval",
            )
        for signer, criterion in signed:
            if signer == person:
                raise Conflict(
                    f"{person} has signed this evaluation for {criterion}, or somebody in their"
                    " place: one signature a person",
                    code="already_signed",
                )
        if person in voters:
            raise Conflict(
                f"{person} has voted on this evaluation: who votes does not sign as well",
                code="voted_already",
            )


def check_withdrawable(*, person: str, persons: Collection[str], counted: bool) -> None:
    """One's own signature, also one given in one's place (403), and only once (409)."""
    if person not in persons:
        raise Forbidden("This signature is somebody else's", code="not_your_signature")
    if not counted:
        raise Conflict("It is withdrawn or has expired already", code="signature_counts_no_more")
