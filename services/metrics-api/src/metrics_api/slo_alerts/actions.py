"""Writing alert policies, each change with its version and audit entry."""

from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

from metrics_api.slo_alerts import queries, rules
from metrics_api.slo_alerts.rules import Burnable, PolicyState
from metrics_api.slo_alerts.schemas import (
    AlertPolicyCreate,
    AlertPolicyOut,
    AlertPolicyPatch,
    DefaultPolicies,
    SkippedPolicy,
)
from metrics_api.slos.burning import burnable_of
from metrics_api.slos.queries import get_slo
from metrics_api.versioned.actions import Definition, change, check_active, create
from shared.errors import Conflict
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version

_POLICY = Definition(
    queries.POLICIES,
    lambda policy: ("slo_alert_policy", f"{policy['slo']}/{policy['key']}"),
    AlertPolicyOut.model_validate,
)


async def create_policy(
    session: Session, caller: Principal, slo: str, body: AlertPolicyCreate
) -> Any:
    """A new policy; 422 if it could never fire, 409 where the key is taken or the SLO retired."""
    # The SLO is locked so that its targets do not move past the policy meanwhile.
    found = await _active_slo(session, slo)
    rules.check_policy(body.model_dump(), burnable_of(found))
    policy = await _insert(session, caller, slo, body)
    if policy is None:
        raise Conflict(
            f"There is or was a policy {body.key} of this SLO: choose another key",
            code="key_taken",
        )
    return policy


async def _active_slo(session: Session, key: str) -> Any:
    slo = await get_slo(session, key, lock=True)
    check_active(f"The SLO {key}", slo.state)
    return slo


async def _insert(
    session: Session, caller: Principal, slo: str, body: AlertPolicyCreate
) -> Any | None:
    fields = body.model_dump()
    policy = {**fields, "id": uuid4(), "slo": slo, "state": PolicyState.ACTIVE}
    return await create(session, caller, _POLICY, policy, "created", fields)


async def create_defaults(session: Session, caller: Principal, key: str) -> DefaultPolicies:
    """The workbook's policies for the SLO's window; those that could never fire are left out."""
    slo = await _active_slo(session, key)
    burnable: Burnable = burnable_of(slo)
    created, skipped = [], []
    for default in rules.DEFAULTS:
        fields = rules.default_policy(default, burnable.window)
        fields["factor"] = _decimal(fields["factor"])
        body = AlertPolicyCreate.model_validate(fields)
        problem = rules.problem_of(body.model_dump(), burnable)
        policy = None if problem else await _insert(session, caller, key, body)
        if policy is None:
            reason = problem[1] if problem else "There is or was a policy of this key"
            skipped.append(SkippedPolicy(key=default.key, reason=reason))
        else:
            created.append(AlertPolicyOut.model_validate(policy))
    return DefaultPolicies(created=created, skipped=skipped)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


async def change_policy(
    session: Session,
    caller: Principal,
    address: tuple[str, str],
    patch: AlertPolicyPatch,
    expected: int,
) -> Any:
    """Change the named fields of a policy (SLO, key); nothing happens when nothing differs."""
    slo = await _active_slo(session, address[0])
    present = await queries.get_policy(session, *address, lock=True)
    check_version(expected, present.version)
    check_active("The policy", present.state)
    changes = patch.model_dump(include=patch.model_fields_set)
    before = dict(present._mapping)
    if {**before, **changes} == before:
        return present
    rules.check_policy({**before, **changes}, burnable_of(slo))
    return await change(session, caller, _POLICY, present, "changed", changes)


async def retire_policy(
    session: Session, caller: Principal, address: tuple[str, str], expected: int
) -> Any:
    """Let a policy fire no more; what it fires now is resolved by the next evaluation."""
    present = await queries.get_policy(session, *address, lock=True)
    check_version(expected, present.version)
    if present.state == PolicyState.RETIRED:
        return present
    changes = {"state": PolicyState.RETIRED}
    return await change(session, caller, _POLICY, present, "retired", changes)
