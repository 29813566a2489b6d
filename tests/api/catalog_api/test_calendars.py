"""Calendars: hours and holidays that a version keeps for ever, and the time it counts."""

from typing import Any

import pytest

from tests.support.catalog import Catalog

OFFICE = {
    "timezone": "Europe/Zurich",
    "weekly": [
        {"day": day, "start": "08:00", "end": "18:00"}
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
    ],
}
SWISS = {**OFFICE, "country": "CH", "subdivision": "ZH"}


async def create(catalog: Catalog, **fields: Any) -> dict[str, Any]:
    body = {"key": "office", "name": "Office hours", **OFFICE, **fields}
    reply = await catalog.http.post("/v1/calendars", json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def refused(catalog: Catalog, **fields: Any) -> dict[str, Any]:
    body = {"key": "office", "name": "Office hours", **OFFICE, **fields}
    reply = await catalog.http.post("/v1/calendars", json=body)
    assert reply.status_code == 422, reply.text
    error: dict[str, Any] = reply.json()["errors"][0]
    return error


async def ask(catalog: Catalog, path: str, **query: Any) -> dict[str, Any]:
    reply = await catalog.http.get(f"/v1/calendars/office/{path}", params=query)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


class TestWriting:
    async def test_a_version_keeps_the_public_holidays_of_its_country(
        self, catalog: Catalog
    ) -> None:
        made = await create(catalog, **SWISS)

        current = made["current"]
        assert {"date": "2026-08-01", "name": "National Day"} in current["closed_days"]
        assert (current["version"], current["library"].split()[0]) == (1, "holidays")

    async def test_own_days_close_and_worked_holidays_do_not(self, catalog: Catalog) -> None:
        own = {"date": "2026-07-15", "name": "Company day"}
        made = await create(catalog, **SWISS, own_days=[own], worked_days=["2026-05-14"])

        closed = made["current"]["closed_days"]
        assert own in closed
        assert "2026-05-14" not in [day["date"] for day in closed]

    async def test_always_open_spells_out_the_week(self, catalog: Catalog) -> None:
        made = await create(catalog, always_open=True, weekly=[])

        assert len(made["current"]["weekly"]) == 7
        assert made["current"]["weekly"][0] == {"day": "monday", "start": "00:00", "end": "24:00"}

    async def test_a_new_version_leaves_the_older_one_as_it_was(self, catalog: Catalog) -> None:
        first = (await create(catalog))["current"]

        reply = await catalog.http.post("/v1/calendars/office/versions", json=SWISS)

        assert reply.status_code == 201
        assert reply.headers["Location"] == "/v1/calendars/office/versions/2"
        assert await ask(catalog, "versions/1") == first
        listed = (await ask(catalog, "versions"))["items"]
        assert [(item["version"], item["country"]) for item in listed] == [(2, "CH"), (1, None)]

    async def test_a_new_version_is_announced_whole(self, catalog: Catalog) -> None:
        await create(catalog)
        await catalog.http.post("/v1/calendars/office/versions", json=SWISS)

        entries = (await catalog.http.get("/v1/audit?resource=calendar")).json()["items"]

        assert entries[0]["after"] == await ask(catalog, "versions/2")

    async def test_a_key_is_taken_once(self, catalog: Catalog) -> None:
        await create(catalog)

        reply = await catalog.http.post(
            "/v1/calendars", json={"key": "office", "name": "Again", **OFFICE}
        )

        assert (reply.status_code, reply.json()["suggestion"]) == (409, "office-2")

    async def test_the_name_changes_without_a_new_version(self, catalog: Catalog) -> None:
        await create(catalog)

        reply = await catalog.http.patch(
            "/v1/calendars/office", json={"name": "Zürich"}, headers={"If-Match": '"1"'}
        )

        changed = reply.json()
        assert (changed["name"], changed["version"], changed["revision"]) == ("Zürich", 1, 2)

    async def test_calendars_are_listed_by_key(self, catalog: Catalog) -> None:
        await create(catalog)
        await create(catalog, key="backoffice")

        listed = (await catalog.http.get("/v1/calendars")).json()["items"]

        assert [item["key"] for item in listed] == ["backoffice", "office"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"country": "XX"}, "/country", "unknown_country"),
            ({"country": "CH", "subdivision": "XX"}, "/subdivision", "unknown_subdivision"),
            ({"subdivision": "ZH"}, "/subdivision", "missing_country"),
            ({"weekly": []}, "/weekly", "missing"),
            ({"always_open": True}, "/weekly", "contradiction"),
            ({"worked_days": ["2026-05-14"]}, "/worked_days/0", "not_a_holiday"),
            ({"timezone": "Europe/Nowhere"}, "/timezone", "value_error"),
            (
                {"own_days": [{"date": "2026-05-01", "name": "a"}] * 2},
                "/own_days/1/date",
                "repeated",
            ),
            (
                {
                    "country": "CH",
                    "worked_days": ["2026-08-01"],
                    "own_days": [{"date": "2026-08-01", "name": "a"}],
                },
                "/worked_days/0",
                "contradiction",
            ),
        ],
    )
    async def test_what_cannot_be_is_refused_by_pointer(
        self, catalog: Catalog, fields: dict[str, Any], pointer: str, code: str
    ) -> None:
        error = await refused(catalog, **fields)

        assert (error["pointer"], error["code"]) == (pointer, code)

    async def test_hours_of_a_day_do_not_overlap(self, catalog: Catalog) -> None:
        hours = [("08:00", "12:00"), ("11:00", "15:00")]
        weekly = [{"day": "monday", "start": start, "end": end} for start, end in hours]

        assert "overlap" in (await refused(catalog, weekly=weekly))["detail"]

    async def test_an_unknown_calendar_or_version_is_not_found(self, catalog: Catalog) -> None:
        await create(catalog)

        for path in ("nowhere", "nowhere/versions", "office/versions/2", "office/versions/0"):
            assert (await catalog.http.get(f"/v1/calendars/{path}")).status_code == 404


class TestCounting:
    async def test_it_shows_when_it_is_open(self, catalog: Catalog) -> None:
        await create(catalog, **SWISS)
        span = {"from": "2026-07-31T00:00:00+02:00", "to": "2026-08-04T00:00:00+02:00"}

        found = await ask(catalog, "open-intervals", **span)

        assert found["intervals"] == [
            {"start": "2026-07-31T06:00:00Z", "end": "2026-07-31T16:00:00Z"},
            {"start": "2026-08-03T06:00:00Z", "end": "2026-08-03T16:00:00Z"},
        ]

    async def test_it_counts_with_the_version_that_is_named(self, catalog: Catalog) -> None:
        await create(catalog)
        await catalog.http.post("/v1/calendars/office/versions", json=SWISS)
        ascension = {"from": "2026-05-14T00:00:00Z", "to": "2026-05-15T00:00:00Z"}

        counted = [
            (await ask(catalog, "support-time", **ascension, version=n))["minutes"] for n in (1, 2)
        ]

        assert counted == [600, 0]

    async def test_it_says_when_a_time_will_be_over(self, catalog: Catalog) -> None:
        await create(catalog)

        due = await ask(catalog, "due-time", **{"from": "2026-02-06T16:30:00Z"}, minutes=60)

        assert due["due_at"] == "2026-02-09T07:30:00Z"

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "invalid"),
            ({"from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}, "invalid"),
            ({"from": "1999-01-01T00:00:00Z", "to": "1999-02-01T00:00:00Z"}, "outside_calendar"),
        ],
    )
    async def test_a_span_that_cannot_be_answered_is_refused(
        self, catalog: Catalog, query: dict[str, str], code: str
    ) -> None:
        await create(catalog, **SWISS)

        reply = await catalog.http.get("/v1/calendars/office/open-intervals", params=query)

        assert (reply.status_code, reply.json()["code"]) == (422, code)
