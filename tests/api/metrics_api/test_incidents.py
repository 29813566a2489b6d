"""Pushing incidents one at a time, and reading them back."""

from typing import Any
from urllib.parse import quote

import pytest
from httpx import Response

from tests.support.metrics import Metrics

OPENED = "2026-03-01T08:00:00Z"
RESOLVED = "2026-03-01T10:30:00Z"


def update(**fields: Any) -> dict[str, Any]:
    """A new incident of the tool `desk`."""
    known = {
        "source": "desk",
        "external_id": "INC1",
        "version": 1,
        "updated_at": OPENED,
        "state": "new",
        "opened_at": OPENED,
    }
    return {name: value for name, value in (known | fields).items() if value is not ...}


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A metrics-api that knows the snapshot source `desk`."""
    return await with_source(metrics, state_mapping={"Awaiting Vendor": "on_hold"})


async def with_source(metrics: Metrics, key: str = "desk", **settings: Any) -> Metrics:
    reply = await metrics.http.post("/v1/sources", json={"key": key, "name": "Desk"} | settings)
    assert reply.status_code == 201, reply.text
    return metrics


async def push(metrics: Metrics, **fields: Any) -> Response:
    return await metrics.http.post("/v1/incidents", json=update(**fields))


async def majors(metrics: Metrics, **page: Any) -> Any:
    """A page of those that were opened in March or later."""
    params = {"opened_from": "2026-03-01T00:00:00Z", **page}
    return (await metrics.http.get("/v1/incidents/major", params=params)).json()


def pointers(reply: Response) -> list[str]:
    return [error["pointer"] for error in reply.json()["errors"]]


class TestPushing:
    async def test_a_new_incident_is_201_and_comes_back_as_its_end_state(
        self, desk: Metrics
    ) -> None:
        reply = await push(desk, priority="P1", channel="Phone", title="It is down")

        assert reply.status_code == 201
        incident = reply.json()
        assert incident == (await desk.http.get("/v1/incidents/desk/INC1")).json()
        assert (incident["state"], incident["priority"], incident["major"]) == ("new", 1, True)
        assert (incident["channel"], incident["raw_priority"]) == ("phone", "P1")
        assert incident["opened_at"] == OPENED

    async def test_a_new_incident_is_told_with_its_path(self, desk: Metrics) -> None:
        new, known = await push(desk, external_id="Ü 1/2"), await push(desk, external_id="Ü 1/2")

        assert (await desk.http.get(new.headers["Location"])).json() == new.json()
        assert "Location" not in known.headers

    async def test_the_same_update_again_is_200_and_changes_nothing(self, desk: Metrics) -> None:
        first = await push(desk)
        again = await push(desk)

        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()

    async def test_a_later_update_is_200_and_replaces_the_record(self, desk: Metrics) -> None:
        await push(desk, title="Down")

        reply = await push(
            desk, version=2, updated_at=RESOLVED, state="resolved", resolved_at=RESOLVED
        )

        assert reply.status_code == 200
        incident = reply.json()
        assert (incident["state"], incident["title"]) == ("resolved", None)
        assert (incident["resolution_at"], incident["versions"]) == (RESOLVED, 2)

    async def test_an_update_that_arrives_late_takes_its_place_in_the_order(
        self, desk: Metrics
    ) -> None:
        await push(desk, version=1)
        await push(desk, version=3, updated_at=RESOLVED, state="resolved", resolved_at=RESOLVED)

        reply = await push(desk, version=2, updated_at="2026-03-01T09:00:00Z", state="in_progress")

        assert (reply.json()["state"], reply.json()["acknowledgement_at"]) == (
            "resolved",
            "2026-03-01T09:00:00Z",
        )
        moves = (await desk.http.get("/v1/incidents/desk/INC1/transitions")).json()["items"]
        assert [move["to_state"] for move in moves] == ["new", "in_progress", "resolved"]

    async def test_a_word_of_the_source_is_a_state_and_another_word_changes_none(
        self, desk: Metrics
    ) -> None:
        held = (await push(desk, state="awaiting vendor")).json()
        unknown = (await push(desk, version=2, state="-100")).json()

        assert held["state"] == "on_hold"
        assert (unknown["state"], unknown["raw_state"]) == ("on_hold", "-100")

    async def test_an_event_source_sets_only_what_it_sends(self, metrics: Metrics) -> None:
        await with_source(metrics, delivery="event")
        await push(metrics, title="Down", extra={"a": 1})

        changed = await push(metrics, version=2, opened_at=..., state=..., extra={"b": 2})

        incident = changed.json()
        assert (incident["title"], incident["opened_at"]) == ("Down", OPENED)
        assert incident["extra"] == {"a": 1, "b": 2}

    async def test_stamps_without_offset_are_read_in_the_time_zone_of_the_source(
        self, metrics: Metrics
    ) -> None:
        await with_source(metrics, timezone="Europe/Berlin")

        reply = await push(metrics, opened_at="2026-07-01T12:00:00")

        assert reply.json()["opened_at"] == "2026-07-01T10:00:00Z"


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"external_id": ...}, "/external_id"),
            ({"external_id": ""}, "/external_id"),
            ({"external_id": "a\x00b"}, "/external_id"),
            ({"version": -1}, "/version"),
            ({"version": 2**70}, "/version"),
            ({"version": "7"}, "/version"),
            ({"updated_at": "yesterday"}, "/updated_at"),
            ({"opened_at": "2026-03-01T08:00:00"}, "/opened_at"),
            ({"opened_at": "0001-01-01T00:00:00+12:00"}, "/opened_at"),
            ({"opened_at": None}, "/opened_at"),
            ({"priority": [1]}, "/priority"),
            ({"reassignment_count": 2**31}, "/reassignment_count"),
            ({"extra": {"deep": {"\x00": 1}}}, "/extra"),
            ({"title": "x" * 1001}, "/title"),
            ({"assigned": "ada"}, "/assigned"),
            ({"source": "elsewhere"}, "/source"),
            ({"source": ...}, "/source"),
        ],
    )
    async def test_a_bad_field_is_422_and_named(
        self, desk: Metrics, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await push(desk, **fields)

        assert (reply.status_code, pointers(reply)) == (422, [pointer])
        assert not any(one["detail"].startswith("/") for one in reply.json()["errors"])

    @pytest.mark.parametrize(
        "body", [b"", b"{", b'{"external_id": "\\ud800"}', b'{"external_id": "\xff"}', b"nul"]
    )
    async def test_a_body_that_is_no_json_is_400(self, desk: Metrics, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        reply = await desk.http.post("/v1/incidents", content=body, headers=headers)

        assert reply.status_code == 400

    async def test_nesting_without_end_is_422(self, desk: Metrics) -> None:
        body = b'{"external_id": "1", "extra": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001
        headers = {"Content-Type": "application/json"}
        reply = await desk.http.post("/v1/incidents", content=body, headers=headers)

        assert reply.status_code == 422

    async def test_more_than_a_mebibyte_is_413(self, desk: Metrics) -> None:
        assert (await push(desk, extra={"text": "x" * 1024 * 1024})).status_code == 413

    async def test_another_content_type_is_415(self, desk: Metrics) -> None:
        reply = await desk.http.post(
            "/v1/incidents", content=b"a,b", headers={"Content-Type": "text/csv"}
        )

        assert reply.status_code == 415

    async def test_a_source_that_is_switched_off_takes_nothing_in(self, desk: Metrics) -> None:
        await push(desk)
        off = {"active": False}
        await desk.http.patch("/v1/sources/desk", json=off, headers={"If-Match": "*"})

        reply = await push(desk, version=2)

        assert (reply.status_code, pointers(reply)) == (422, ["/source"])

    async def test_without_the_scope_it_is_403(self, desk: Metrics) -> None:
        desk.http.headers.update(desk.caller(scopes=["metrics:read"]))

        assert (await push(desk)).status_code == 403


class TestReading:
    async def test_what_is_not_there_is_404(self, desk: Metrics) -> None:
        for path in ("desk/NONE", "nowhere/INC1", "desk/NONE/versions", "desk/%00", "desk/%ff"):
            reply = await desk.http.get(f"/v1/incidents/{path}")
            assert reply.status_code == 404, path

    async def test_the_newest_are_listed_first_page_by_page(self, desk: Metrics) -> None:
        days = {"A": "2026-03-01", "B": "2026-03-03", "C": "2026-03-02", "D": "2026-03-03"}
        for key, day in days.items():
            await push(desk, external_id=key, opened_at=f"{day}T08:00:00Z")
        await with_source(desk, "stream", delivery="event")
        unopened = await push(desk, source="stream", external_id="E", opened_at=...)
        assert unopened.status_code == 201, unopened.text

        found: list[str] = []
        query = {"order": "newest", "limit": "2"}
        while True:
            page = (await desk.http.get("/v1/incidents", params=query)).json()
            found += [one["external_id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]

        assert found == ["D", "B", "C", "A"]
        crossed = {"order": "identity", "cursor": query["cursor"]}
        assert (await desk.http.get("/v1/incidents", params=crossed)).status_code == 400

    async def test_a_list_is_narrowed_by_priority_and_channel(self, desk: Metrics) -> None:
        for key, priority, channel in (("A", 1, "phone"), ("B", 2, "phone"), ("C", 2, "email")):
            await push(desk, external_id=key, priority=priority, channel=channel)

        async def listed(**query: Any) -> list[str]:
            reply = await desk.http.get("/v1/incidents", params=query)
            return [one["external_id"] for one in reply.json()["items"]]

        assert await listed(priority=2) == ["B", "C"]
        assert await listed(priority=2, channel="phone") == ["B"]
        assert await listed(vendor_product="router") == []
        assert (await desk.http.get("/v1/incidents?priority=9")).status_code == 422

    async def test_a_list_is_filtered_and_paged(self, desk: Metrics) -> None:
        for number in range(5):
            await push(desk, external_id=f"INC{number}", state="new" if number else "closed")

        first = (await desk.http.get("/v1/incidents?state=new&limit=3")).json()
        rest = await desk.http.get(f"/v1/incidents?state=new&limit=3&cursor={first['next_cursor']}")

        ids = [item["external_id"] for item in first["items"] + rest.json()["items"]]
        assert ids == ["INC1", "INC2", "INC3", "INC4"]
        assert rest.json()["next_cursor"] is None

    async def test_ranges_include_their_start_only(self, desk: Metrics) -> None:
        await push(desk, external_id="early", opened_at="2026-01-01T00:00:00Z")
        await push(desk, external_id="late", opened_at="2026-02-01T00:00:00Z")

        query = {"opened_from": "2026-01-01T00:00:00Z", "opened_to": "2026-02-01T00:00:00Z"}
        listed = (await desk.http.get("/v1/incidents", params=query)).json()["items"]

        assert [item["external_id"] for item in listed] == ["early"]

    async def test_major_incidents_are_listed_in_short(self, desk: Metrics) -> None:
        """Major by the tool's flag, else by priority 1."""
        await push(desk, external_id="A", priority=1, title="Down")
        await push(desk, external_id="B", priority=1, major=False)
        await push(desk, external_id="C", priority=3, major=True, state="resolved")
        await push(desk, external_id="D", priority=3)
        await push(desk, external_id="E", priority=1, opened_at="2026-02-28T23:59:59Z")

        first = await majors(desk, limit=1)
        last = await majors(desk, cursor=first["next_cursor"])

        assert first["items"] == [
            {
                "source": "desk",
                "external_id": "A",
                "service": None,
                "title": "Down",
                "priority": 1,
                "state": "new",
                "opened_at": OPENED,
                "resolution_at": None,
            }
        ]
        assert [(one["external_id"], one["resolution_at"]) for one in last["items"]] == [
            ("C", OPENED)
        ]
        assert last["next_cursor"] is None
        whole = (await desk.http.get("/v1/incidents/major")).json()["items"]
        assert [one["external_id"] for one in whole] == ["A", "C", "E"]

    @pytest.mark.parametrize(
        "external_id",
        [
            "2026/7",
            "a/b/versions",
            "%2F",
            "Störung 👩‍👩‍👧",
            "7\r\nSet-Cookie: a=b",
            "<?a=b#c>",
            "\\",
        ],
    )
    async def test_one_is_read_by_whatever_id_its_tool_gave_it(
        self, desk: Metrics, external_id: str
    ) -> None:
        """Its pages too: an id must neither end a header nor part a path."""
        for version, state in enumerate(("new", "in_progress", "resolved"), 1):
            await push(desk, external_id=external_id, version=version, state=state)
        one = f"/v1/incidents/desk/{quote(external_id, safe='')}"

        found = await desk.http.get(one)
        assert (found.status_code, found.json()["external_id"]) == (200, external_id)
        for part in ("versions", "transitions"):
            seen, path = 0, f"{one}/{part}?limit=2"
            while path:
                page = await desk.http.get(path)
                assert (page.status_code, "Set-Cookie" in page.headers) == (200, False)
                seen += len(page.json()["items"])
                path = page.links["next"]["url"] if "next" in page.links else ""
            assert seen == 3

    async def test_versions_hold_what_was_sent_and_no_more(self, desk: Metrics) -> None:
        sent = update(title='Tab\tand \\ "quotes"\nand é', resolved_at=None, priority=2)
        await desk.http.post("/v1/incidents", json=sent)

        page = (await desk.http.get("/v1/incidents/desk/INC1/versions?limit=1")).json()

        expected = {name: value for name, value in sent.items() if name != "source"}
        assert [item["payload"] for item in page["items"]] == [expected]

    @pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMl0", "WyJhIiwiYiJd"])
    async def test_a_cursor_of_no_page_is_400(self, desk: Metrics, cursor: str) -> None:
        for path in ("", "/desk/INC1/versions", "/desk/INC1/transitions"):
            await push(desk)
            reply = await desk.http.get(f"/v1/incidents{path}?cursor={cursor}")
            assert reply.status_code == 400, path


class TestApiKeys:
    async def test_a_key_writes_its_own_source_and_need_not_name_it(self, desk: Metrics) -> None:
        await use_new_key(desk)

        assert (await push(desk, source=...)).status_code == 201
        assert (await push(desk)).status_code == 200

    async def test_a_key_may_not_write_another_source(self, desk: Metrics) -> None:
        await with_source(desk, "other")
        await use_new_key(desk)

        reply = await push(desk, source="other")

        assert (reply.status_code, pointers(reply)) == (403, ["/source"])

    async def test_a_key_may_push_and_nothing_else(self, desk: Metrics) -> None:
        await use_new_key(desk)

        assert (await desk.http.get("/v1/incidents")).status_code == 403
        assert (await desk.http.get("/v1/sources")).status_code == 403

    async def test_a_revoked_key_is_out_at_once(self, desk: Metrics) -> None:
        admin = dict(desk.http.headers)
        key = await use_new_key(desk)
        assert (await push(desk)).status_code == 201

        path = f"/v1/sources/desk/api-keys/{key['id']}"
        gone = await desk.http.delete(path, headers=admin)

        assert gone.status_code == 204
        assert (await push(desk)).status_code == 401

    async def test_the_secret_is_shown_once_and_kept_hashed(self, desk: Metrics) -> None:
        made = await desk.http.post("/v1/sources/desk/api-keys", json={"name": "hook"})

        listed = (await desk.http.get("/v1/sources/desk/api-keys")).json()["items"]

        assert made.status_code == 201
        assert [item["id"] for item in listed] == [made.json()["id"]]
        assert "key" not in listed[0]


async def use_new_key(metrics: Metrics) -> dict[str, Any]:
    """Make an API key of `desk` and call with it from now on."""
    made = await metrics.http.post("/v1/sources/desk/api-keys", json={"name": "webhook"})
    key: dict[str, Any] = made.json()
    metrics.http.headers["Authorization"] = f"Bearer {key['key']}"
    return key
