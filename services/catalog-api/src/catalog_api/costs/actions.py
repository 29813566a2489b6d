"""Recording, changing and ending cost items, with their audit entries and events."""

from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError

from catalog_api import rows
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.costs import queries
from catalog_api.costs.schemas import CostItemCreate, CostItemPatch
from catalog_api.refusals import refuse
from catalog_api.registry import rules as registry_rules
from catalog_api.registry.queries import require_service
from shared.errors import FieldError
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

_RESOURCE = "cost_item"
_FIELDS = (
    "name",
    "category",
    "kind",
    "amount",
    "currency",
    "per",
    "starts_on",
    "ends_on",
    "amortisation_months",
    "residual_value",
)


async def create_item(session: Session, caller: Principal, key: str, body: CostItemCreate) -> Any:
    """A cost item of a service; 404 when there is no such service."""
    await require_service(session, key)
    identity, fields = uuid4(), body.root.model_dump()
    row = {**dict.fromkeys(_FIELDS), **fields, "id": identity, "service_key": key}
    await queries.insert_item(session, rows.new_row(row))
    change = ResourceChange(_RESOURCE, str(identity), "created", None, fields, service=key)
    await record_resource(session, caller, change)
    return await queries.get_item(session, key, identity)


async def change_item(
    session: Session,
    caller: Principal,
    where: tuple[str, UUID],
    patch: CostItemPatch,
    expected: int,
) -> Any:
    """Change or end an item; nothing happens when nothing differs. `where`: service and item."""
    key, identity = where
    present = await queries.get_item(session, key, identity, lock=True)
    check_version(expected, present.revision)
    fields = {name: getattr(present, name) for name in _FIELDS}
    changed = registry_rules.changes(fields, named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    _refuse_misfit({**fields, **after}, set(after))
    await queries.change_item(session, identity, after)
    change = ResourceChange(_RESOURCE, str(identity), "changed", before, after, service=key)
    await record_resource(session, caller, change)
    return await queries.get_item(session, key, identity)


def _refuse_misfit(fields: dict[str, Any], changed: set[str]) -> None:
    """422 for what an item of its kind cannot be; fields of the other kind are null."""
    given = {name: value for name, value in fields.items() if value is not None or name in changed}
    try:
        CostItemCreate.model_validate(given)
    except ValidationError as error:
        errors = [
            FieldError(f"/{found['loc'][-1]}" if len(found["loc"]) > 1 else "", found["msg"])
            for found in error.errors(include_url=False)
        ]
        refuse(errors)
