"""/v1/subscriptions, /v1/events and /v1/deliveries as a client meets them."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select

from shared.kit import event_queries
from shared.kit.database import transaction
from shared.kit.events import emit, register_built_ins
from shared.kit.jobs import JobContext
from shared.kit.settings import Subscriber
from shared.scopes import SCOPES
from tests.support import plumbing
from tests.support.plumbing import PlumbingSettings, running_app, token

HOOK = {"name": "itsm", "url": "https://itsm.example/hook"}
NOWHERE = uuid.UUID(int=1)


async def create(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    reply = await api.post("/v1/subscriptions", json={**HOOK, **fields})
    assert reply.status_code == 201, reply.text
    created: dict[str, Any] = reply.json()
    return created


class TestCreate:
    async def test_the_secret_is_shown_once(self, api: httpx.AsyncClient) -> None:
        created = await create(api)

        found = (await api.get(f"/v1/subscriptions/{created['id']}")).json()

        assert created["secret"].startswith("whsec_")
        assert found == {name: value for name, value in created.items() if name != "secret"}

    async def test_it_is_told_with_its_path(self, api: httpx.AsyncClient) -> None:
        reply = await api.post("/v1/subscriptions", json=HOOK)

        found = await api.get(reply.headers["Location"])

        assert found.json()["id"] == reply.json()["id"]

    async def test_the_audit_names_who_did_it_and_not_the_secret(
        self, api: httpx.AsyncClient, context: JobContext
    ) -> None:
        created = await create(api)

        async with transaction(context.engine) as session:
            entry = (await session.execute(select(plumbing.kit.audit_entry))).one()
        assert (entry.actor, entry.action) == ("alice", "subscription.created")
        assert created["secret"] not in str(entry)

    async def test_a_repeated_request_with_its_key_gets_the_same_subscription(
        self, api: httpx.AsyncClient
    ) -> None:
        key = {"Idempotency-Key": "k1"}

        first = await api.post("/v1/subscriptions", json=HOOK, headers=key)
        second = await api.post("/v1/subscriptions", json=HOOK, headers=key)

        assert first.json() == second.json()

    async def test_a_name_is_taken_once(self, api: httpx.AsyncClient) -> None:
        await create(api)

        reply = await api.post("/v1/subscriptions", json=HOOK)

        assert reply.status_code == 409
        assert reply.json()["errors"][0]["pointer"] == "/name"

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"url": "ftp://itsm.example/"}, "/url"),
            ({"url": "http://itsm.example/\x00"}, "/url"),
            ({"url": "x" * 201}, "/url"),
            ({"name": "No Slug"}, "/name"),
            ({"types": ["no type"]}, "/types/0"),
            ({"types": ["a.b"] * 51}, "/types"),
            ({"from_sequence": 0}, "/from_sequence"),
            ({"from_sequence": 10**30}, "/from_sequence"),
            ({"more": 1}, "/more"),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, api: httpx.AsyncClient, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await api.post("/v1/subscriptions", json={**HOOK, **fields})

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    @pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "http://[::1]/"])
    async def test_private_addresses_are_refused_where_the_operator_has_not_allowed_them(
        self, settings: PlumbingSettings, tmp_path: Path, url: str
    ) -> None:
        strict = settings.model_copy(update={"allow_private_subscribers": False})
        async with running_app(strict) as app, client_of(app, tmp_path) as api:
            reply = await api.post("/v1/subscriptions", json={**HOOK, "url": url})

        assert reply.status_code == 422
        assert reply.json()["code"] == "bad_url"


class TestOurOwnServices:
    """Without them the figures of one service, and what follows from them, stay behind silently."""

    @pytest.fixture
    async def ours(
        self, settings: PlumbingSettings, context: JobContext, api: httpx.AsyncClient
    ) -> str:
        metrics = Subscriber(name="metrics-api", url="http://127.0.0.1:9/", secret=SecretStr("x"))
        with_ours = settings.model_copy(update={"subscribers": (metrics,)})
        await register_built_ins(replace(context, settings=with_ours))
        (found,) = (await api.get("/v1/subscriptions")).json()["items"]
        return f"/v1/subscriptions/{found['id']}"

    async def test_cannot_be_ended_here(self, api: httpx.AsyncClient, ours: str) -> None:
        reply = await api.delete(ours)

        assert (reply.status_code, reply.json()["code"]) == (409, "built_in_subscription")
        assert (await api.get(ours)).status_code == 200

    async def test_have_events_again_but_miss_none(self, api: httpx.AsyncClient, ours: str) -> None:
        again = await api.post(f"{ours}/replay", json={"from_sequence": 1})
        beyond = await api.post(f"{ours}/replay", json={"from_sequence": 2})

        assert again.status_code == 202
        assert (beyond.status_code, beyond.json()["code"]) == (409, "built_in_subscription")
        assert (await api.get(ours)).json()["cursor"] == 0


def client_of(app: FastAPI, directory: Path, *scopes: str) -> httpx.AsyncClient:
    bearer = token(directory, scopes=scopes or SCOPES)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://plumbing",
        headers={"Authorization": f"Bearer {bearer}"},
    )


class TestChange:
    async def test_a_deleted_subscription_is_gone(self, api: httpx.AsyncClient) -> None:
        path = f"/v1/subscriptions/{(await create(api))['id']}"

        assert (await api.delete(path)).status_code == 204
        assert (await api.get(path)).status_code == 404
        assert (await api.delete(path)).status_code == 404

    @pytest.mark.parametrize("subscription", [str(NOWHERE), "x", "%00"])
    async def test_an_unknown_subscription_is_not_found(
        self, api: httpx.AsyncClient, subscription: str
    ) -> None:
        path = f"/v1/subscriptions/{subscription}"

        assert (await api.get(path)).status_code == 404
        assert (await api.delete(path)).status_code == 404
        replay = await api.post(f"{path}/replay", json={"from_sequence": 1})
        assert replay.status_code == 404

    @pytest.mark.parametrize("sequence", [0, -1, 2**63, "1x", None])
    async def test_a_replay_starts_at_a_sequence(
        self, api: httpx.AsyncClient, sequence: object
    ) -> None:
        path = f"/v1/subscriptions/{(await create(api))['id']}/replay"

        assert (await api.post(path, json={"from_sequence": sequence})).status_code == 422


class TestLists:
    async def test_subscriptions_are_listed_by_name_page_by_page(
        self, api: httpx.AsyncClient
    ) -> None:
        for name in ("c", "a", "b"):
            await create(api, name=name)

        first = await api.get("/v1/subscriptions", params={"limit": 2})
        second = await api.get(
            "/v1/subscriptions", params={"limit": 2, "cursor": first.json()["next_cursor"]}
        )

        assert [item["name"] for item in first.json()["items"]] == ["a", "b"]
        assert [item["name"] for item in second.json()["items"]] == ["c"]
        assert 'rel="next"' in first.headers["Link"]

    async def test_events_are_filtered_by_type_and_subject(
        self, api: httpx.AsyncClient, context: JobContext
    ) -> None:
        async with transaction(context.engine) as session:
            await emit(session, "thing.created", "thing:a", {"n": 1})
            await emit(session, "thing.changed", "thing:a", {"n": 2})
            await emit(session, "thing.changed", "thing:b", {"n": 3})
        async with transaction(context.engine) as session:
            await event_queries.sequence_events(session)

        found = await api.get("/v1/events", params={"type": "thing.changed", "subject": "thing:a"})

        assert [event["data"] for event in found.json()["items"]] == [{"n": 2}]
        assert found.json()["items"][0]["sequence"] == 2

    @pytest.mark.parametrize(
        ("path", "query"),
        [
            ("/v1/deliveries", {"state": "lost"}),
            ("/v1/deliveries", {"subscription": "x"}),
            ("/v1/events", {"type": "\x00"}),
            ("/v1/events", {"subject": "\x00"}),
            ("/v1/events", {"limit": 0}),
        ],
    )
    async def test_a_malformed_filter_is_refused(
        self, api: httpx.AsyncClient, path: str, query: dict[str, Any]
    ) -> None:
        assert (await api.get(path, params=query)).status_code == 422

    @pytest.mark.parametrize("path", ["/v1/deliveries", "/v1/events", "/v1/subscriptions"])
    async def test_a_forged_cursor_is_refused(self, api: httpx.AsyncClient, path: str) -> None:
        for cursor in ("x", "W10", "WyJhIl0", "WzFd", "WzEsMl0", "bnVsbA", "é"):
            reply = await api.get(path, params={"cursor": cursor})
            assert reply.status_code in {200, 400}, cursor


async def test_reading_and_writing_need_their_scopes(app: FastAPI, tmp_path: Path) -> None:
    async with client_of(app, tmp_path, "subscriptions:read") as reader:
        assert (await reader.get("/v1/subscriptions")).status_code == 200
        assert (await reader.post("/v1/subscriptions", json=HOOK)).status_code == 403
        for method, path in (
            ("DELETE", f"/v1/subscriptions/{NOWHERE}"),
            ("POST", f"/v1/subscriptions/{NOWHERE}/replay"),
        ):
            reply = await reader.request(method, path, json={"from_sequence": 1})
            assert reply.status_code == 403
    async with client_of(app, tmp_path, "subscriptions:write") as writer:
        for path in ("/v1/subscriptions", "/v1/events", "/v1/deliveries"):
            assert (await writer.get(path)).status_code == 403
