"""Upserting portfolios in bulk: all of them, or none."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog_api.changes import PORTFOLIO, ResourceChange, record_resource
from catalog_api.portfolios import queries
from catalog_api.portfolios.schemas import PortfolioUpsert
from catalog_api.refusals import refuse
from catalog_api.registry import rules
from catalog_api.registry.schemas import UpsertedItem, UpsertOutcome, UpsertReply
from shared.errors import Conflict, FieldError
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.patches import named

_BLANK: dict[str, Any] = {"name": None, "manager": None, "strategy": None}


async def upsert_portfolios(
    session: Session, caller: Principal, items: Sequence[PortfolioUpsert], *, dry_run: bool
) -> UpsertReply:
    """Create and change portfolios by key; what does not differ is left alone."""
    _refuse_repeated(items)
    present = await queries.lock_portfolios(session, [item.key for item in items])
    _refuse_nameless(items, present)
    changed = {item.key: _changes(item, present) for item in items}
    if not dry_run:
        await _write(session, caller, changed, present)
    results = [_result(key, fields, present) for key, fields in changed.items()]
    outcomes = [result.outcome for result in results]
    return UpsertReply(
        dry_run=dry_run,
        created=outcomes.count(UpsertOutcome.CREATED),
        changed=outcomes.count(UpsertOutcome.CHANGED),
        unchanged=outcomes.count(UpsertOutcome.UNCHANGED),
        items=results,
    )


def _changes(item: PortfolioUpsert, present: Mapping[str, Any]) -> dict[str, rules.FieldChange]:
    wanted = named(item, without={"key"})
    row = present.get(item.key)
    return rules.changes(_BLANK if row is None else row._asdict(), wanted)


async def _write(
    session: Session,
    caller: Principal,
    changed: Mapping[str, Mapping[str, rules.FieldChange]],
    present: Mapping[str, Any],
) -> None:
    """Portfolios are few: one statement for each that differs, in the order of their keys."""
    moment = now()
    stamps = {"revision": 1, "created_at": moment, "updated_at": moment, "changed_at": {}}
    done = []
    for key, fields in sorted(changed.items()):
        before, after = rules.before_of(fields), rules.after_of(fields)
        if key not in present:
            row = {**_BLANK, **after, "key": key}
            if not await queries.insert_portfolio(session, {**row, **stamps}):
                raise Conflict(
                    f"Another request created {key} just now: repeat it", code="key_taken"
                )
            done.append(ResourceChange(PORTFOLIO, key, "created", None, row))
        elif fields:
            await queries.change_portfolio(session, key, after, moment)
            done.append(ResourceChange(PORTFOLIO, key, "changed", before, after))
    await record_resource(session, caller, *done)


def _result(
    key: str, fields: Mapping[str, rules.FieldChange], present: Mapping[str, Any]
) -> UpsertedItem:
    if key not in present:
        outcome = UpsertOutcome.CREATED
    else:
        outcome = UpsertOutcome.CHANGED if fields else UpsertOutcome.UNCHANGED
    return UpsertedItem.model_validate({"key": key, "outcome": outcome, "changes": fields})


def _refuse_repeated(items: Sequence[PortfolioUpsert]) -> None:
    keys = [item.key for item in items]
    refuse(
        [
            FieldError(f"/{position}/key", f"{keys[position]} stands here twice", "repeated")
            for position in rules.repeated_keys(keys)
        ]
    )


def _refuse_nameless(items: Sequence[PortfolioUpsert], present: Mapping[str, Any]) -> None:
    refuse(
        [
            FieldError(f"/{position}/name", "is needed to create a portfolio", "missing")
            for position, item in enumerate(items)
            if item.key not in present and "name" not in item.model_fields_set
        ]
    )
