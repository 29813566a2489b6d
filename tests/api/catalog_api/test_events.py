"""Every change of a service is announced with a snapshot, exactly if it is committed."""

from typing import Any

import pytest

from shared.kit.database import transaction
from shared.kit.event_queries import sequence_events
from shared.schemas.catalog import RequestSnapshot
from tests.support.catalog import Catalog, Make
from tests.support.requests import act, as_role, submit

OWNERS = [{"role": "service_owner", "subject": "ada"}]


async def events(catalog: Catalog, resource: str = "service") -> list[dict[str, Any]]:
    """The events of a resource so far, as subscribers get them.

    Numbering them is the worker's job.
    """
    async with transaction(catalog.app.state.engine) as session:
        await sequence_events(session)
    items: list[dict[str, Any]] = (await catalog.http.get("/v1/events")).json()["items"]
    wanted = [item for item in items if item["type"].startswith(f"{resource}.")]
    return sorted(wanted, key=lambda event: event["sequence"])


async def test_a_snapshot_says_what_others_copy(catalog: Catalog, make_service: Make) -> None:
    await make_service(
        "vpn", criticality="high", external_references=[{"source": "snow", "name": "Edge"}]
    )

    (event,) = await events(catalog)

    assert (event["type"], event["subject"]) == ("service.created", "vpn")
    assert event["data"] == {
        "key": "vpn",
        "name": "vpn",
        "kind": "technical",
        "portfolio": "workplace",
        "stage": "strategy",
        "criticality": "high",
        "references": [{"source": "snow", "name": "Edge"}],
        "revision": 1,
    }


async def test_every_way_to_change_a_service_is_announced_with_a_greater_revision(
    catalog: Catalog, make_service: Make
) -> None:
    made = await make_service("vpn", external_references=[{"name": "Edge"}])
    vpn, any_version = "/v1/services/vpn", {"If-Match": "*"}
    reference = made["external_references"][0]["id"]
    decision = catalog.decision("vpn", "strategy-to-design", "strategy", "design")

    await catalog.http.patch(vpn, json={"name": "Tunnel"}, headers=any_version)
    await catalog.http.put(f"{vpn}/owners", json=OWNERS, headers=any_version)
    await catalog.http.post(f"{vpn}/external-references", json={"name": "Gate"})
    await catalog.http.delete(f"{vpn}/external-references/{reference}")
    await catalog.http.post("/v1/services/bulk", json=[{"key": "vpn", "tags": ["net"]}])
    await catalog.http.post(f"{vpn}/transitions", json={"decision": decision})

    announced = [(event["type"], event["data"]["revision"]) for event in await events(catalog)]
    assert announced == [
        ("service.created", 1),
        *[("service.changed", revision) for revision in range(2, 7)],
        ("service.stage_changed", 7),
    ]


async def test_onboarding_is_a_creation(catalog: Catalog, onboard: Make) -> None:
    await onboard("vpn")

    (event,) = await events(catalog)

    assert (event["type"], event["data"]["stage"]) == ("service.created", "operate")


@pytest.mark.parametrize("path", ["/v1/services/bulk?dry_run=true", "/v1/services/bulk"])
async def test_what_changes_nothing_is_not_announced(
    catalog: Catalog, make_service: Make, path: str
) -> None:
    made = await make_service("vpn")
    kept = {name: made[name] for name in ("key", "name", "portfolio", "kind", "tags")}

    await catalog.http.post(path, json=[kept])

    assert [event["type"] for event in await events(catalog)] == ["service.created"]


async def test_what_is_refused_is_not_announced(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")

    await catalog.http.patch(
        "/v1/services/vpn", json={"portfolio": "nowhere"}, headers={"If-Match": "*"}
    )
    await catalog.http.post("/v1/services/vpn/transitions", json={"decision": "forged"})

    assert len(await events(catalog)) == 1


async def test_every_way_to_change_a_portfolio_is_announced(catalog: Catalog) -> None:
    renamed = {"name": "Work"}
    await catalog.http.patch("/v1/portfolios/workplace", json=renamed, headers={"If-Match": "*"})
    upserts = [{"key": "workplace", "manager": "ada"}, {"key": "data", "name": "Data"}]
    await catalog.http.post("/v1/portfolios/bulk", json=upserts)

    told = [(one["type"], one["subject"]) for one in await events(catalog, "portfolio")]

    assert told == [
        ("portfolio.created", "portfolio:workplace"),
        ("portfolio.changed", "portfolio:workplace"),
        ("portfolio.created", "portfolio:data"),
        ("portfolio.changed", "portfolio:workplace"),
    ]


@pytest.mark.usefixtures("laptop")
async def test_what_was_answered_to_a_form_does_not_leave_with_the_request(
    catalog: Catalog,
) -> None:
    made = (await submit(catalog)).json()
    worker = as_role(catalog, "approver")
    await act(catalog, made["number"], "check/start", worker)

    records = [event["data"]["record"] for event in await events(catalog, "request")]

    assert [record["state"] for record in records] == ["submitted", "in_fulfilment"]
    assert all(record.keys() == RequestSnapshot.model_fields.keys() for record in records)
