"""Whether a service is developed far enough to be handed over, and what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known
from shared.schemas.catalog import ServiceKind
from shared.schemas.common import FactValue


class DocumentState(StrEnum):
    DRAFT = "draft"
    REVIEWED = "reviewed"
    APPROVED = "approved"


class BuildState(StrEnum):
    IN_PROGRESS = "in_progress"
    BUILT = "built"


class RunResult(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


# What is asked where nobody wrote a checklist of their own.
DEFAULT_CHECKLIST: Mapping[str, str] = {
    "support-trained": "The people who support the service are trained",
    "knowledge-articles": "Known errors and how-tos are in the knowledge base",
    "monitoring": "Monitoring watches the service and alerts somebody who acts",
    "backup-restored": "A restore from backup was tried",
    "access-granted": "Accounts and rights for operation are in place",
    "capacity": "Capacity fits the load that is expected",
    "security-reviewed": "Security was reviewed and the findings are dealt with",
    "rollback": "Going back to the state before was tried, or it is known why it cannot be",
    "users-informed": "Users know what comes, when, and whom to ask",
    "operations-accept": "Operations agree to take the service over",
}

DEFINITIONS = (
    definition("development_needed", "boolean", None, "A product skips the development record"),
    definition("development_record_exists", "boolean", None, "A development record is kept"),
    definition(
        "development_ready", "boolean", None, "Every part is complete, or none is needed (product)"
    ),
    definition("development_missing", "list", None, "What its development record still lacks"),
    definition("design_package_approved", "boolean", None, "It has documents, all approved"),
    definition("tests_passed_count", "integer", "tests", "Tests whose last run passed"),
    definition("tests_failed_count", "integer", "tests", "Tests whose last run failed"),
    definition("tests_not_run_count", "integer", "tests", "Tests that were never run"),
    definition("readiness_items_open_count", "integer", "items", "Checklist items not done"),
)


@dataclass(frozen=True)
class Missing:
    """A part that is not complete; `id` names the document, test or item."""

    part: str
    id: str | None
    reason: str


def needs_record(kind: ServiceKind) -> bool:
    """A product is bought ready-made: it skips the development record."""
    return kind is not ServiceKind.PRODUCT


def missing_of(record: Mapping[str, Any]) -> list[Missing]:
    """Everything that keeps a service from being ready for transition; empty when it is."""
    return [
        *_missing_of_list("design_package", record, _document_reason),
        *_missing_build(record["build"]),
        *_missing_of_list("tests", record, _test_reason),
        *_missing_of_list("checklist", record, _item_reason),
    ]


def _missing_of_list(part: str, record: Mapping[str, Any], reason_of: Any) -> Iterator[Missing]:
    if not record[part]:
        yield Missing(part, None, "is empty")
    for item in record[part]:
        if reason := reason_of(item):
            yield Missing(part, item["id"], reason)


def _document_reason(document: Mapping[str, Any]) -> str | None:
    state = document["state"]
    return None if state == DocumentState.APPROVED else f"is {state}, not approved"


def _test_reason(test: Mapping[str, Any]) -> str | None:
    reasons = {RunResult.FAILED: "failed", RunResult.NOT_RUN: "was not run"}
    return reasons.get(RunResult(test["result"]))


def _item_reason(item: Mapping[str, Any]) -> str | None:
    return None if item["done"] else "is not done"


def _missing_build(build: Mapping[str, Any] | None) -> list[Missing]:
    if build is None:
        return [Missing("build", None, "is not recorded")]
    return [] if build["state"] == BuildState.BUILT else [Missing("build", None, "is in progress")]


def merged_checklist(
    present: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The wanted items; one that says the same as before keeps who ticked it and when."""
    ticks = {(item["id"], item["text"]): item for item in present}
    blank = {"done": False, "done_by": None, "done_at": None, "note": None}
    return [{**blank, **ticks.get((item["id"], item["text"]), item)} for item in wanted]


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the kind of the service and its record."""
    needed, record = needs_record(ServiceKind(section["kind"])), section["record"]
    since = now if record is None else datetime.fromisoformat(record["updated_at"])
    kept = record or {"design_package": [], "build": None, "tests": [], "checklist": []}
    missing = _described(record) if needed else []
    results = [test["result"] for test in kept["tests"]]
    documents = [document["state"] for document in kept["design_package"]]
    return {
        "development_needed": known(needed, now),
        "development_record_exists": known(record is not None, since),
        "development_ready": known(not missing, since),
        "development_missing": known(missing, since),
        "design_package_approved": known(set(documents) == {DocumentState.APPROVED}, since),
        "tests_passed_count": known(results.count(RunResult.PASSED), since),
        "tests_failed_count": known(results.count(RunResult.FAILED), since),
        "tests_not_run_count": known(results.count(RunResult.NOT_RUN), since),
        "readiness_items_open_count": known(
            sum(not item["done"] for item in kept["checklist"]), since
        ),
    }


def _described(record: Mapping[str, Any] | None) -> list[str]:
    if record is None:
        return ["development record"]
    return [" ".join(filter(None, (one.part, one.id, one.reason))) for one in missing_of(record)]
