"""The demo over the running product: every list shows something, and again changes nothing."""

from collections.abc import Iterator
from subprocess import DEVNULL, Popen
from typing import Any

import pytest

from catalog_api.app import create_app
from tests.support.eventually import soon
from tests.support.processes import COMMAND, System, running_system
from tollgate.demo.catalog.agreements import AGREEMENTS

pytestmark = pytest.mark.slow

NEEDED_QUERY = {"/v1/unit-memberships": {"subject": "noor.salem"}}


def lists_of_the_catalog() -> list[str]:
    """Every list of the contract that can be asked for without knowing a key."""
    contract = create_app().openapi()
    schemas = contract["components"]["schemas"]
    found = []
    for path, operations in contract["paths"].items():
        if "get" in operations and "{" not in path:
            reply = operations["get"]["responses"]["200"].get("content", {})
            schema = reply.get("application/json", {}).get("schema", {})
            named = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
            if "items" in named.get("properties", {}):
                found.append(path)
    return found


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """With a demo that was killed in the middle, went on as one person, and was then completed."""
    with running_system(tmp_path_factory.mktemp("demo")) as running:
        killed = Popen([COMMAND, "demo"], env=running.environment, stdout=DEVNULL, stderr=DEVNULL)
        soon(lambda: running.get("catalog", "/v1/vendor-products")["items"], within=120)
        killed.kill()
        killed.wait()
        with_a_token = running.tollgate("demo", "--token", running.token())
        assert with_a_token.returncode == 0, with_a_token.stderr
        assert "what others must sign stays open" in with_a_token.stderr
        assert not states_of(running, "/v1/agreements") & {"signed", "active"}
        completed = running.tollgate("demo")
        assert completed.returncode == 0, completed.stderr
        yield running


def items(system: System, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.get("catalog", path, **NEEDED_QUERY.get(path, {}))["items"]
    return found


def states_of(system: System, path: str) -> set[str]:
    return {item["state"] for item in items(system, path)}


@pytest.mark.parametrize("path", lists_of_the_catalog())
def test_every_list_shows_something(system: System, path: str) -> None:
    assert soon(lambda: items(system, path))  # deliveries and activations are a worker's


@pytest.mark.parametrize(
    ("path", "states"),
    [
        ("/v1/agreements", {"draft", "in_review", "active"}),
        ("/v1/offerings", {"draft", "published", "withdrawn"}),
        ("/v1/requests", {"submitted", "in_fulfilment", "fulfilled", "cancelled", "rejected"}),
        ("/v1/requirements", {"proposed", "accepted", "answered", "rejected", "withdrawn"}),
        ("/v1/risks", {"open", "treated", "accepted", "closed"}),
        ("/v1/obligations", {"met", "expiring", "unmet"}),
        ("/v1/vendor-products", {"active", "expiring", "expired", "end_of_life"}),
    ],
)
def test_every_state_is_shown(system: System, path: str, states: set[str]) -> None:
    assert soon(lambda: states_of(system, path) == states, within=20)


def test_loading_it_again_changes_nothing(system: System) -> None:
    signed = [one.key for one in AGREEMENTS if one.signatures == 2]
    for key in signed:  # by the worker, which is audited
        soon(lambda key=key: system.get("catalog", f"/v1/agreements/{key}")["state"] == "active")
    newest = items(system, "/v1/audit")[0]

    again = system.tollgate("demo", within=60)

    assert (again.returncode, again.stderr) == (0, "")
    assert items(system, "/v1/audit")[0] == newest
