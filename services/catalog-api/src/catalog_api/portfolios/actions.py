"""Creating and changing portfolios, with their audit entries and events."""

from typing import Any

from catalog_api.changes import PORTFOLIO, ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.portfolios import queries
from catalog_api.portfolios.schemas import PortfolioPatch
from catalog_api.registry import rules as registry_rules
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.schemas.catalog import PortfolioCreate


async def create_portfolio(session: Session, caller: Principal, body: PortfolioCreate) -> Any:
    """A new portfolio without services; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    moment = now()
    fields = {**body.model_dump(), "key": key}
    stamps = {"revision": 1, "created_at": moment, "updated_at": moment, "changed_at": {}}
    if not await queries.insert_portfolio(session, {**fields, **stamps}):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await record_resource(session, caller, ResourceChange(PORTFOLIO, key, "created", None, fields))
    return await queries.get_portfolio(session, key)


async def change_portfolio(
    session: Session, caller: Principal, key: str, patch: PortfolioPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_portfolio(session, key, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_portfolio(session, key, after, now())
    change = ResourceChange(PORTFOLIO, key, "changed", before, after)
    await record_resource(session, caller, change)
    return await queries.get_portfolio(session, key)
