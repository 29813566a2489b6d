"""The three contracts keep the conventions that their users rely on (product, section 5)."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import isasyncgenfunction, iscoroutinefunction, isroutine
from itertools import takewhile
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase

from shared.kit.etag import if_match, is_single
from shared.kit.idempotency import claim_idempotency_key
from shared.kit.pagination import page_params
from shared.kit.routing import RouteTable
from tests.support.docs_page import filled_in

PACKAGES = ["catalog_api", "metrics_api", "improvement_api"]
OPEN_PATHS = {"/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"}
SIGNED_PATHS = {
    "/v1/events/catalog",
    "/v1/events/metrics",
    "/v1/deployment-protection/github",
}
KEBAB_OR_PARAMETER = re.compile(
    r"^(v1|[a-z0-9]+(-[a-z0-9]+)*|\{[a-z_]+\}|\.well-known|jwks\.json|dependencies\.svg|badge\.svg)$"
)
# Of the global scope, which a generated type hides from all the code around it.
NAMES_OF_JAVASCRIPT = {
    *("Array", "Boolean", "Date", "Error", "Event", "Function", "Headers", "Map", "Number"),
    *("Object", "Promise", "Proxy", "Record", "RegExp", "Request", "Response", "Set", "String"),
    *("Symbol", "File", "Blob", "URL", "Partial", "Required", "Readonly", "Pick", "Omit"),
}
# As long as the product's own definitions, or as what was asked for.
UNPAGED_REPLIES = {
    "FactCatalog",
    "FactCatalogOut",
    "KpiDefinitions",
    "ResolveReply",
    "GuardRailsOut",  # at most 20
    "EmbeddingReport",  # of the ten processes
    "OutcomesReport",  # eight figures
}


@pytest.fixture(params=PACKAGES, scope="module")
def package(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def contract(package: str) -> dict[str, Any]:
    document: dict[str, Any] = import_module(f"{package}.app").create_app().openapi()
    return document


def operations(contract: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in contract["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_the_contract_is_openapi_3_1(contract: dict[str, Any]) -> None:
    assert contract["openapi"].startswith("3.1")


def test_operation_ids_are_stable_words_and_unique(contract: dict[str, Any]) -> None:
    ids = Counter(operation["operationId"] for _, _, operation in operations(contract))

    assert [name for name, count in ids.items() if count > 1] == []
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name)] == []


def test_every_operation_says_what_it_does_under_a_readable_heading(
    contract: dict[str, Any],
) -> None:
    for path, method, operation in operations(contract):
        assert operation.get("description"), f"{method} {path}"
        assert all(re.fullmatch(r"[a-z]+( [a-z]+)*", tag) for tag in operation["tags"]), path


def test_models_are_named_as_classes_of_a_client_can_be(contract: dict[str, Any]) -> None:
    names = set(contract["components"]["schemas"])
    pointed_at = set(re.findall(r"#/components/schemas/([^\"]+)\"", json.dumps(contract)))

    assert [name for name in names if not re.fullmatch(r"([A-Z][a-z0-9]*)+", name)] == []
    assert names & NAMES_OF_JAVASCRIPT == set()
    assert pointed_at == names


def test_a_model_has_one_name(contract: dict[str, Any]) -> None:
    """Enumerations may be alike by chance; what only differs in its name otherwise is the same."""
    alike: dict[str, list[str]] = {}
    for name, schema in contract["components"]["schemas"].items():
        if "properties" in schema or name.endswith(("In", "Out")):
            alike.setdefault(json.dumps(schema, sort_keys=True), []).append(name)

    assert [names for names in alike.values() if len(names) > 1] == []


def test_neither_model_nor_field_has_a_title_that_generators_name_types_by(
    contract: dict[str, Any],
) -> None:
    for name, schema in contract["components"]["schemas"].items():
        fields = schema.get("properties", {})
        assert "title" not in schema, name
        assert [field for field, kind in fields.items() if "title" in kind] == [], name


def test_no_parameter_is_null(contract: dict[str, Any]) -> None:
    for path, method, operation in operations(contract):
        for parameter in operation.get("parameters", ()):
            said = json.dumps(parameter["schema"])
            assert '{"type": "null"}' not in said, f"{method} {path} {parameter['name']}"


def test_paths_are_kebab_case_under_v1(contract: dict[str, Any]) -> None:
    for path in contract["paths"]:
        assert path.startswith("/v1/") or path in OPEN_PATHS
        assert all(KEBAB_OR_PARAMETER.match(part) for part in path.strip("/").split("/")), path


def test_every_operation_names_the_scopes_it_needs(contract: dict[str, Any]) -> None:
    for path, method, operation in operations(contract):
        if path in OPEN_PATHS | SIGNED_PATHS:
            continue
        needed = [
            scope
            for scheme in operation.get("security", [])
            for scopes in scheme.values()
            for scope in scopes
        ]
        assert needed, f"{method} {path} is open"


def test_every_failure_is_described_as_a_problem(contract: dict[str, Any]) -> None:
    for path, method, operation in operations(contract):
        failures = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert "422" in failures, f"{method} {path}"
        for status, response in failures.items():
            assert list(response["content"]) == ["application/problem+json"], (path, status)


def test_what_demands_if_match_says_so_and_its_read_tells_the_tag(contract: dict[str, Any]) -> None:
    for path, method, operation in operations(contract):
        tag = [one for one in operation.get("parameters", ()) if one["name"] == "If-Match"]
        if "428" in operation["responses"]:
            assert tag, f"{method} {path}"
            assert tag[0]["required"] or "needed where" in tag[0]["description"]
        read = contract["paths"][path].get("get")
        if tag and read:
            assert "ETag" in read["responses"]["200"]["headers"], path


def test_every_read_of_a_single_thing_tells_its_tag(contract: dict[str, Any]) -> None:
    reads = {path: one["get"] for path, one in contract["paths"].items() if "get" in one}

    for path in filter(is_single, reads):
        assert "ETag" in reads[path]["responses"]["200"]["headers"], path


def test_who_changes_a_thing_is_told_its_new_tag(contract: dict[str, Any]) -> None:
    """Also who made it, and by whatever path: so a client can change it again without reading."""
    demanding = [
        operation
        for _, _, operation in operations(contract)
        if any(one["name"] == "If-Match" for one in operation.get("parameters", ()))
    ]
    models = {name for operation in demanding for name in _models_of(operation)}

    assert models
    for path, method, operation in operations(contract):
        if models & set(_models_of(operation)):
            replies = [operation["responses"].get(status) for status in ("200", "201")]
            assert all("ETag" in reply["headers"] for reply in replies if reply), (method, path)
    for operation in demanding:
        assert "ETag" in operation["responses"]["412"]["headers"], operation["operationId"]


def _models_of(operation: dict[str, Any]) -> Iterator[str]:
    for status in ("200", "201"):
        reply = operation["responses"].get(status, {}).get("content", {})
        if name := reply.get("application/json", {}).get("schema", {}).get("$ref"):
            yield name


def test_headers_that_a_client_acts_upon_are_told(contract: dict[str, Any]) -> None:
    for path, method, operation in operations(contract):
        keyed = "Idempotency-Key" in {one["name"] for one in operation.get("parameters", ())}
        for status, response in operation["responses"].items():
            headers = response.get("headers", {})
            assert ("Location" in headers) == (status in {"201", "202"}), (method, path, status)
            assert ("Idempotency-Replayed" in headers) == (keyed and status < "300"), path
            passes = status == "503" or (keyed and status == "409")
            assert ("Retry-After" in headers) == passes, (method, path, status)


def test_every_heading_is_listed_once(contract: dict[str, Any]) -> None:
    listed = [tag["name"] for tag in contract["tags"]]

    assert set(listed) == {tag for _, _, each in operations(contract) for tag in each["tags"]}
    assert len(set(listed)) == len(listed)


def test_every_list_is_paged(contract: dict[str, Any]) -> None:
    for path, method, operation in operations(contract):
        reply = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        name = reply.get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = contract["components"]["schemas"].get(name, {}).get("properties", {})
        lists = [fields[word] for word in ("items", "rows") if word in fields]
        if method != "get" or name in UNPAGED_REPLIES or not any("items" in one for one in lists):
            continue
        parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert {"limit", "cursor"} <= parameters, f"{path} is an unbounded list"
        assert "next_cursor" in fields, path
        assert "Link" in operation["responses"]["200"]["headers"], path


def test_no_reply_is_an_untyped_object(contract: dict[str, Any]) -> None:
    for path, method, operation in operations(contract):
        for status, response in operation["responses"].items():
            reply = response.get("content", {}).get("application/json")
            if reply is not None:
                assert reply["schema"], f"{method} {path} {status} has no schema"
            # One answer of no type makes that of all forms of a reply unknown.
            assert all(each["schema"] for each in response.get("content", {}).values()), path


def test_fields_are_snake_case(contract: dict[str, Any]) -> None:
    for name, schema in contract["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", field), f"{name}.{field}"


def test_every_stamp_says_how_it_is_written(contract: dict[str, Any]) -> None:
    for name, schema in contract["components"]["schemas"].items():
        for field, kind in schema.get("properties", {}).items():
            said = json.dumps(kind)
            if field.endswith("_at") and '"string"' in said:
                assert '"date-time"' in said or "RFC 3339" in said, f"{name}.{field}"


def test_what_people_have_to_say_may_not_be_blank(contract: dict[str, Any]) -> None:
    said = {"benefit", "name", "problem", "purpose", "reason", "statement", "text"}
    for name, model in contract["components"]["schemas"].items():
        for field, schema in model.get("properties", {}).items():
            for way in schema.get("anyOf", [schema]):
                if field in said and way.get("minLength"):
                    assert "pattern" in way, f"{name}.{field}"


def test_every_text_that_may_stand_for_a_number_says_how_it_is_written(
    contract: dict[str, Any],
) -> None:
    def unsaid(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, list):
            for position, value in enumerate(node):
                yield from unsaid(value, f"{place}/{position}")
        elif isinstance(node, dict):
            ways = {way["type"]: way for way in node.get("anyOf", ()) if "type" in way}
            is_decimal = ways.keys() - {"null"} == {"number", "string"}
            if is_decimal and "pattern" not in ways["string"]:
                yield place
            for key, value in node.items():
                yield from unsaid(value, f"{place}/{key}")

    assert list(unsaid(contract, "")) == []


def test_what_the_docs_fill_in_as_a_body_is_well_formed(
    package: str, contract: dict[str, Any]
) -> None:
    """Whoever tries an operation sends that first; only what it names may not be there yet."""
    bodies = {
        operation["operationId"]: operation["requestBody"]["content"].get("application/json")
        for _, _, operation in operations(contract)
        if "requestBody" in operation
    }

    refused = {
        route.operation_id: errors
        for route in _routes(package)
        if route.body_field is not None and bodies[route.operation_id or ""]
        for body in [filled_in(contract, bodies[route.operation_id or ""])]
        for _, errors in [route.body_field.validate(body, {}, loc=("body",))]
        if errors
    }

    assert refused == {}


def test_no_dependency_of_a_request_waits_for_a_thread(package: str) -> None:
    """FastAPI hands each that is no coroutine to a thread, which costs more than all of them do."""
    calls = [call for route in _routes(package) for call in _calls(route.dependant)]

    assert calls
    assert {f"{call.__module__}.{call.__qualname__}" for call in calls if _is_sync(call)} == set()


def test_who_calls_is_asked_before_what_they_send_is_judged(package: str) -> None:
    """Else a stranger gets 428 or 400 where 401 is the answer, and a lookup with it."""
    judged = {if_match, page_params, claim_idempotency_key}

    asked_too_late = [
        route.operation_id
        for route in _routes(package)
        for before in [list(takewhile(_is_no_authentication, route.dependant.dependencies))]
        if judged & {dependency.call for dependency in before}
    ]

    assert asked_too_late == []


def _is_no_authentication(dependency: Dependant) -> bool:
    return not isinstance(dependency.call, SecurityBase)


def _routes(package: str) -> list[APIRoute]:
    app = import_module(f"{package}.app").create_app()
    return [
        route
        for table in app.routes
        if isinstance(table, RouteTable)
        for route in table.routes
        if isinstance(route, APIRoute)
    ]


def _is_sync(call: Callable[..., Any]) -> bool:
    called = call if isroutine(call) else type(call).__call__
    return not (iscoroutinefunction(called) or isasyncgenfunction(called))


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call is not None:
        yield dependant.call
    for needed in dependant.dependencies:
        yield from _calls(needed)
