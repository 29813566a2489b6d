"""Recording and changing vendor products."""

from typing import Any

from catalog_api.ceilings.actions import ceilings_kept
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.keys import key_for, key_taken
from catalog_api.refusals import refuse
from catalog_api.registry import rules as registry_rules
from catalog_api.rows import new_row
from catalog_api.vendors import queries, rules
from catalog_api.vendors.schemas import VendorProductCreate, VendorProductPatch
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

VENDOR_PRODUCT = "vendor_product"


async def create_vendor_product(
    session: Session, caller: Principal, body: VendorProductCreate
) -> Any:
    """A new vendor product; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    fields = {**body.model_dump(), "key": key}
    refuse(rules.contract_errors(fields))
    if not await queries.insert_product(session, new_row(rules.as_columns(fields))):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    change = ResourceChange(VENDOR_PRODUCT, key, "created", None, fields)
    await record_resource(session, caller, change)
    return await queries.get_product(session, key, now().date())


async def change_vendor_product(
    session: Session, caller: Principal, key: str, patch: VendorProductPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs.

    409 when a longer recovery time breaks the ceiling of a service that depends on it.
    """
    today = now().date()
    present = await queries.get_product(session, key, today, lock=True)
    check_version(expected, present.revision)
    shown = VendorProductPatch.model_validate(
        {name: getattr(present, name) for name in VendorProductPatch.model_fields}
    ).model_dump()
    changed = registry_rules.changes(shown, named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    refuse(rules.contract_errors({**shown, **after}))
    product = [Node(NodeKind.VENDOR_PRODUCT, key)] if "recovery_time_hours" in after else []
    async with ceilings_kept(session, product):
        await queries.change_product(session, key, rules.as_columns(after))
    change = ResourceChange(VENDOR_PRODUCT, key, "changed", before, after)
    await record_resource(session, caller, change)
    return await queries.get_product(session, key, today)
