"""Who may put their signature to what."""

from collections.abc import Collection, Sequence

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


def check_hash(seen: str, facts_hash: str) -> None:
    """A signature stands by the facts its giver saw, and by no others (409)."""
    if seen != facts_hash:
        raise Conflict(
            "facts_hash is not that of this evaluation: read it again before you sign",
            code="facts_changed",
            pointer="/facts_hash",
        )


def check_person(
    *, kind: str, acting_for: str | None, roles: Collection[str], role: str, act: str
) -> None:
    """Signing and deciding is done in person, by a holder of the role (403)."""
    if kind != "user" or acting_for is not None:
        raise Forbidden(f"Only a person can {act}, and nobody in their place", code="not_in_person")
    if role not in roles:
        raise Forbidden(
            f"To {act} here needs the role {role}", code="role_missing", missing_role=role
        )


def check_independence(
    person: str, requested_by: Collection[str | None], signed: Sequence[tuple[str, str]]
) -> None:
    """No self-approval (403); one signature a person, and so one role (409).

    `signed` has signer and criterion of the signatures there are.
    """
    if person in requested_by:
        raise Forbidden(
            "Who asked for an evaluation cannot sign it: that would be self-approval",
            code="self_approval",
        )
    for signer, criterion in signed:
        if signer == person:
            raise Conflict(
                f"You have signed this evaluation for {criterion}: one signature a person",
                code="already_signed",
            )
