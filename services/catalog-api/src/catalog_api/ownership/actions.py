"""Replacing the owners of a service; those who go keep their row with its end."""

from typing import Any

from catalog_api.changes import Change, record_change
from catalog_api.ownership import queries, rules
from catalog_api.registry import queries as registry_queries
from shared.errors import Conflict, FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.schemas.catalog import OwnerAssignment


async def replace_owners(
    session: Session, caller: Principal, key: str, wanted: list[OwnerAssignment], expected: int
) -> int:
    """Make these the present owners; answers the service's revision afterwards.

    The locked service row lets one replacement at a time see and change who owns it.
    """
    owners = rules.holders(wanted)
    _refuse_repeated(owners)
    service = await registry_queries.lock_service(session, key)
    check_version(expected, service.revision)
    if rules.lacks_service_owner(service.stage, owners):
        raise Conflict(
            f"{key} is live at stage {service.stage} and cannot be left without its service_owner",
            code="service_owner_required",
            stage=service.stage,
            missing_role=rules.SERVICE_OWNER,
        )
    present = await queries.present_owners(session, key)
    difference = rules.difference(present, owners)
    if not (difference.ended or difference.begun):
        return int(service.revision)
    moment = now()
    await queries.end_owners(session, key, difference.ended, moment)
    await queries.begin_owners(session, key, difference.begun, moment)
    await registry_queries.change_service(session, key, {}, moment, also=["owners"])
    before, after = _as_shown(present), _as_shown(owners)
    changed = await record_change(session, caller, key, Change("owners_changed", before, after))
    return int(changed.revision)


def _refuse_repeated(owners: list[rules.Holder]) -> None:
    errors = [
        FieldError(f"/{position}", reason, "repeated")
        for position, reason in rules.repeated(owners)
    ]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _as_shown(owners: list[rules.Holder]) -> dict[str, Any]:
    return {"owners": [vars(owner) for owner in sorted(owners)]}
