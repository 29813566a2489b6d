"""Records of the five kinds beside incidents, one push at a time, and what is read of them."""

import asyncio
import json
from datetime import datetime
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics_api.attribution.rules import Memory
from metrics_api.records.moving import refold_source
from shared.schemas.metrics import RecordKind
from tests.support.metrics import Metrics
from tests.support.record_pushes import items, knowing_tools, push, pushed
from tests.support.records import PATHS, at, sent, updates

REQUEST, CHANGE, OUTAGE, SURVEY, EVENT = PATHS
KINDS = list(PATHS)
RECEIPT = ("first_received_at", "last_received_at")


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    return await knowing_tools(metrics)


class TestOfEveryKind:
    async def test_a_new_record_is_created_and_a_known_one_is_not(self, desk: Metrics) -> None:
        for kind in KINDS:
            replies = [await push(desk, kind), await push(desk, kind), await push(desk, kind, 1)]

            assert [reply.status_code for reply in replies] == [201, 200, 200]
            assert [reply.json()["versions"] for reply in replies] == [1, 1, 2]
            got = await desk.http.get(f"/v1/{PATHS[kind]}/desk/1")
            assert got.json() == replies[2].json()

    async def test_a_new_record_is_told_with_its_path(self, desk: Metrics) -> None:
        for kind in KINDS:
            new, known = [await push(desk, kind, external_id="a/1") for _ in range(2)]

            assert (await desk.http.get(new.headers["Location"])).json() == new.json()
            assert "Location" not in known.headers

    async def test_its_tag_changes_when_it_does(self, desk: Metrics) -> None:
        for kind in KINDS:
            tags = []
            for title in ("Down", "Down", "Up"):
                await push(desk, kind, title=title)
                tags.append((await desk.http.get(f"/v1/{PATHS[kind]}/desk/1")).headers["ETag"])

            assert tags[0] == tags[1] != tags[2]

    async def test_words_are_read_by_the_directory(self, desk: Metrics) -> None:
        for kind in KINDS:
            told = await pushed(desk, kind, service="Mail", vendor="sap erp", customer="PEOPLE")

            assert (told["service"], told["service_name"]) == ("mail", "Mail")
            assert (told["vendor_product"], told["customer"]) == ("sap", "hr")
            assert (told["vendor"], told["customer_name"]) == ("sap erp", "PEOPLE")

    async def test_every_version_is_kept_as_it_was_sent(self, desk: Metrics) -> None:
        extra = {"big": 10**25, "text": 'a "quoted" \\ line\n'}
        for kind in KINDS:
            for hours in (2, 1):
                await push(desk, kind, hours, title=f"after {hours}", extra=extra)

            kept = await items(desk, f"{PATHS[kind]}/desk/1/versions")

            assert [each["payload"]["title"] for each in kept] == ["after 2", "after 1"]
            assert kept[0]["payload"]["extra"] == extra
            again = await pushed(desk, kind, 2, title="after 2", extra=extra)
            assert (again["versions"], again["extra"]) == (2, extra)

    async def test_of_many_at_once_one_creates_it(self, desk: Metrics) -> None:
        told = [push(desk, OUTAGE, hours, title=str(hours)) for hours in range(5)]

        replies = await asyncio.gather(*told)

        assert sorted(reply.status_code for reply in replies) == [200] * 4 + [201]
        (found,) = await items(desk, "outages")
        assert (found["versions"], found["title"]) == (5, "4")

    async def test_a_bad_field_is_named(self, desk: Metrics) -> None:
        for kind in KINDS:
            reply = await push(desk, kind, version="x")

            assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/version")

    async def test_only_a_pusher_pushes_and_only_a_reader_reads(self, desk: Metrics) -> None:
        reader = desk.caller(scopes=["metrics:read", "incidents:write"])
        writer = desk.caller(scopes=["records:write"])
        for kind in KINDS:
            url, body = f"/v1/{PATHS[kind]}", {"source": "desk", **sent(kind)}

            assert (await desk.http.post(url, json=body, headers=reader)).status_code == 403
            assert (await desk.http.post(url, json=body, headers=writer)).status_code == 201
            assert (await desk.http.get(url, headers=writer)).status_code == 403

    async def test_a_key_of_a_tool_pushes_its_records(self, desk: Metrics) -> None:
        made = await desk.http.post("/v1/sources/desk/api-keys", json={"name": "hook"})
        headers = {"Authorization": f"Bearer {made.json()['key']}"}
        for kind in KINDS:
            url, body = f"/v1/{PATHS[kind]}", sent(kind)

            own = await desk.http.post(url, json=body, headers=headers)
            other = await desk.http.post(url, json={"source": "feed", **body}, headers=headers)

            assert (own.status_code, own.json()["source"]) == (201, "desk")
            assert other.status_code == 403

    async def test_nobody_writes_records_of_the_catalog(self, desk: Metrics) -> None:
        for kind in KINDS:
            assert (await push(desk, kind, by="catalog")).status_code == 403
        change = {"name": "Mine"}
        headers = {"If-Match": '"1"'}
        tried = await desk.http.patch("/v1/sources/catalog", json=change, headers=headers)
        key = await desk.http.post("/v1/sources/catalog/api-keys", json=change)
        assert {tried.json()["code"], key.json()["code"]} == {"built_in_source"}

    async def test_the_list_is_paged_and_narrowed(self, desk: Metrics) -> None:
        for kind, path in PATHS.items():
            for number, service in enumerate(("mail", "vpn", None), 1):
                await push(desk, kind, external_id=str(number), service=service, touchpoint="Desk")

            first = (await desk.http.get(f"/v1/{path}?limit=2")).json()
            rest = await items(desk, path, limit=2, cursor=first["next_cursor"])

            assert [each["external_id"] for each in first["items"] + rest] == ["1", "2", "3"]
            for query, ids in (
                ({"service": "mail"}, ["1"]),
                ({"source": "desk", "external_id": "2"}, ["2"]),
                ({"source": "feed"}, []),
                ({"touchpoint": "desk"}, ["1", "2", "3"]),
                ({"vendor_product": "sap"}, []),
            ):
                assert [each["external_id"] for each in await items(desk, path, **query)] == ids

    async def test_an_unknown_record_is_not_found(self, desk: Metrics) -> None:
        for path in PATHS.values():
            for below in ("", "/versions", "/transitions"):
                assert (await desk.http.get(f"/v1/{path}/desk/9{below}")).status_code == 404


class TestMoves:
    async def test_they_do_not_depend_on_the_order_of_arrival(self, desk: Metrics) -> None:
        states = ["new", "Awaiting vendor", "closed"]
        for number, order in enumerate(permutations(range(3))):
            for place in order:
                await push(desk, REQUEST, place, external_id=str(number), state=states[place])

            moves = await items(desk, f"requests/desk/{number}/transitions")

            expected = [(None, "new"), ("new", "on_hold"), ("on_hold", "closed")]
            assert [(move["from_state"], move["to_state"]) for move in moves] == expected
            stamps = [datetime.fromisoformat(move["at"]) for move in moves]
            assert stamps == [at(0), at(1), at(2)]

    async def test_a_changed_mapping_reaches_the_records_there_are(self, desk: Metrics) -> None:
        for kind in KINDS:
            if kind is not SURVEY:
                await push(desk, kind, state="Parked", priority="hot")
        change = {"state_mapping": {"parked": "on_hold"}, "priority_mapping": {"hot": 1}}

        await desk.http.patch("/v1/sources/desk", json=change, headers={"If-Match": '"1"'})
        await refold(desk, "desk")

        for kind in KINDS:
            if kind is not SURVEY:
                (found,) = await items(desk, PATHS[kind])
                assert (found["state"], found["priority"], found["versions"]) == ("on_hold", 1, 1)
                assert len(await items(desk, f"{PATHS[kind]}/desk/1/transitions")) == 1

    @given(data=st.data())
    @settings(
        max_examples=6,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    async def test_what_is_stored_is_the_same_in_any_order_and_repetition(
        self, twins: Metrics, data: st.DataObject
    ) -> None:
        kind = data.draw(st.sampled_from(KINDS))
        told = data.draw(updates(kind))
        by = "desk" if told[0].source.replaces else "feed"
        dealt = data.draw(st.permutations(told + told[:2]))
        external_id = uuid4().hex

        end = await end_state(twins, kind, (by, external_id), told)

        assert await end_state(twins, kind, (f"{by}-twin", external_id), dealt) == end

    async def test_updates_of_one_moment_are_ordered_by_their_digests(self, twins: Metrics) -> None:
        opened: dict[str, Any] = {"updated_at": ..., "started_at": at(5)}
        told = [
            sent(OUTAGE, **opened, ended_at=None),
            sent(OUTAGE, updated_at=..., started_at=at(0), ended_at=None),
            sent(OUTAGE, **opened, ended_at=at(0)),
        ]
        for number in range(4):
            record = str(number)  # is part of what the digests are of

            ends = [
                await end_state(twins, OUTAGE, (by, record), arrivals)
                for by, arrivals in (("feed", told), ("feed-twin", told[::-1]))
            ]

            assert ends[0] == ends[1]


@pytest.fixture
async def twins(desk: Metrics) -> Metrics:
    """A second source beside each, to tell the same records in another order.

    The same ones to the letter: the id of a record is part of its digests, which decide between
    updates of one moment, while the name of its source is not.
    """
    for source in ({"key": "desk-twin"}, {"key": "feed-twin", "delivery": "event"}):
        body = {"name": "Tool", "state_mapping": {"Awaiting Vendor": "on_hold"}, **source}
        assert (await desk.http.post("/v1/sources", json=body)).status_code == 201
    return desk


async def end_state(
    metrics: Metrics, kind: RecordKind, record: tuple[str, str], arrivals: list[Any]
) -> dict[str, Any]:
    """Push updates to a record, (source, external id), and read what became of it."""
    by, external_id = record
    for each in arrivals:
        fields = each if isinstance(each, dict) else json.loads(each.payload)
        body = fields | {"source": by, "external_id": external_id}
        reply = await metrics.http.post(f"/v1/{PATHS[kind]}", json=body)
        assert reply.status_code in (200, 201), reply.text
    url = f"/v1/{PATHS[kind]}/{by}/{external_id}"
    found = (await metrics.http.get(url)).json()
    moves = await items(metrics, f"{PATHS[kind]}/{by}/{external_id}/transitions")
    return {name: found[name] for name in found if name not in (*RECEIPT, "source")} | {
        "moves": moves
    }


async def refold(metrics: Metrics, source: str) -> None:
    """What the job does that a changed mapping enqueues."""
    await refold_source(metrics.engine, Memory(), source)
