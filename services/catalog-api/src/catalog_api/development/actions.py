"""Keeping the development record of a service."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.development import queries, rules
from catalog_api.development.schemas import (
    ChecklistTick,
    DevelopmentCreate,
    DevelopmentPatch,
    TestResult,
)
from catalog_api.refusals import refuse
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from shared.errors import Conflict, FieldError, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

MAX_TESTS = 500
_LISTS = ("design_package", "tests", "checklist")


async def create_record(
    session: Session, caller: Principal, key: str, body: DevelopmentCreate
) -> Any:
    """A new record; 409 for a product, and when the service has one."""
    await _refuse_product(session, key)
    parts = body.model_dump(mode="json")
    _refuse_repeated(parts)
    wanted = parts["checklist"] or default_checklist()
    parts["checklist"] = rules.merged_checklist([], wanted)
    if not await queries.insert_record(session, {**parts, "service_key": key}):
        raise Conflict(
            f"{key} has a development record already: change that one", code="development_exists"
        )
    await _record(session, caller, key, "created", None, parts)
    return await queries.get_record(session, key)


async def change_record(
    session: Session, caller: Principal, key: str, patch: DevelopmentPatch, expected: int
) -> Any:
    """Replace the named parts."""
    await _refuse_product(session, key)
    record = await queries.get_record(session, key, lock=True)
    check_version(expected, record.revision)
    wanted = named(patch, mode="json")
    _refuse_repeated(wanted)
    if "checklist" in wanted:
        wanted["checklist"] = rules.merged_checklist(record.checklist, wanted["checklist"])
    return await _change(session, caller, record, "changed", wanted)


async def put_test(
    session: Session, caller: Principal, key: str, test_id: str, body: TestResult
) -> Any:
    """Keep the last run of one test, as a pipeline reports it; a new test is added."""
    await _refuse_product(session, key)
    record = await queries.get_record(session, key, lock=True)
    test = {"id": test_id, **body.model_dump(mode="json")}
    tests = _with(record.tests, test)
    if len(tests) > MAX_TESTS:
        raise Conflict(f"A development record has at most {MAX_TESTS} tests", code="too_many_tests")
    return await _change(session, caller, record, "test_recorded", {"tests": tests})


async def tick_item(
    session: Session, caller: Principal, key: str, item_id: str, body: ChecklistTick
) -> Any:
    """Say that an item of the checklist is done, or not any more; the caller is who says so."""
    await _refuse_product(session, key)
    record = await queries.get_record(session, key, lock=True)
    item = next((one for one in record.checklist if one["id"] == item_id), None)
    if item is None:
        raise NotFound(f"There is no item {item_id} in the checklist of {key}")
    if (item["done"], item["note"]) == (body.done, body.note):
        return record
    done = {"done_by": caller.person, "done_at": now().isoformat()}
    ticked = {
        **item,
        **(done if body.done else dict.fromkeys(done)),
        "done": body.done,
        "note": body.note,
    }
    action = "item_done" if body.done else "item_reopened"
    checklist = _with(record.checklist, ticked)
    return await _change(session, caller, record, action, {"checklist": checklist})


def default_checklist() -> list[dict[str, str]]:
    """The items that are offered where nobody wrote their own."""
    return [{"id": name, "text": text} for name, text in rules.DEFAULT_CHECKLIST.items()]


async def _refuse_product(session: Session, key: str) -> None:
    service = await registry_queries.get_service(session, key)
    if not rules.needs_record(service.kind):
        raise Conflict(
            f"{key} is a product: it skips the development record", code="not_applicable"
        )


def _refuse_repeated(parts: Mapping[str, Any]) -> None:
    """422 for an id that stands in its list twice."""
    errors = []
    for part in _LISTS:
        ids = [item["id"] for item in parts.get(part) or []]
        errors += [
            FieldError(f"/{part}/{n}/id", f"{name} stands in this list twice", "repeated")
            for n, name in enumerate(ids)
            if name in ids[:n]
        ]
    refuse(errors)


def _with(items: Sequence[Mapping[str, Any]], changed: Mapping[str, Any]) -> list[Any]:
    """The items with one of them replaced, or added at the end."""
    if all(item["id"] != changed["id"] for item in items):
        return [*items, changed]
    return [changed if item["id"] == changed["id"] else item for item in items]


async def _change(
    session: Session, caller: Principal, record: Any, action: str, wanted: Mapping[str, Any]
) -> Any:
    """Replace the parts that differ, leave the audit entry and the event."""
    changed = registry_rules.changes(record._asdict(), wanted)
    if not changed:
        return record
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_record(session, record.service, after)
    await _record(session, caller, record.service, action, before, after)
    return await queries.get_record(session, record.service)


async def _record(
    session: Session,
    caller: Principal,
    key: str,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    change = ResourceChange("development_record", key, action, before, after, key)
    await record_resource(session, caller, change)
