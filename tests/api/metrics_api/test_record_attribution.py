"""Attribution of records of all kinds: what is unattributed, how it gets attributed and moves."""

from typing import Any

import pytest
from sqlalchemy import text

from metrics_api.attribution.actions import attribute_records, move_records, take_over
from metrics_api.attribution.rules import Memory
from metrics_api.attribution.schemas import ServiceData
from metrics_api.attribution.words import follow_words
from metrics_api.records.jobs import JOBS
from metrics_api.sources.rules import REFOLD_RECORDS_JOB
from shared.kit.database import transaction
from shared.schemas.metrics import RecordKind
from tests.support.copies import add_copy
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.records import PATHS, at, sent

INCIDENT, CHANGE, OUTAGE = RecordKind.INCIDENT, RecordKind.CHANGE, RecordKind.OUTAGE
ALL_PATHS = {INCIDENT: "incidents", **PATHS}


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A metrics-api with a record of each kind that names `Mail`, which nobody knows."""
    await metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"})
    async with transaction(metrics.engine) as session:
        await add_service(session, "e-mail", criticality="critical")
        await add_service(session, "vpn", criticality="low")
    for kind in ALL_PATHS:
        await push(metrics, kind)
    return metrics


async def push(metrics: Metrics, kind: RecordKind, /, **fields: Any) -> None:
    stateless = kind is RecordKind.SURVEY
    state: dict[str, Any] = {} if stateless else {"state": "new"}
    like = RecordKind.REQUEST if kind is INCIDENT else kind
    body = {"source": "desk", **sent(like, **{"service": "Mail"} | state | fields)}
    reply = await metrics.http.post(f"/v1/{ALL_PATHS[kind]}", json=body)
    assert reply.status_code in (200, 201), reply.text


async def get(metrics: Metrics, path: str, **query: Any) -> Any:
    reply = await metrics.http.get(f"/v1/{path}", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def services(metrics: Metrics) -> set[str | None]:
    return {
        (await get(metrics, f"{path}/desk/1"))["service"] for path in ALL_PATHS.values()
    } | await services_of_moves(metrics)


async def services_of_moves(metrics: Metrics) -> set[str | None]:
    async with transaction(metrics.engine) as session:
        found = await session.scalars(
            text(
                "SELECT service FROM metrics.record_transition"
                " UNION SELECT service FROM metrics.incident_transition"
            )
        )
        return set(found)


async def attribute(metrics: Metrics, **body: Any) -> Any:
    return await metrics.http.post("/v1/attributions", json=body)


class TestUnattributed:
    async def test_names_and_records_of_every_kind_are_listed(self, desk: Metrics) -> None:
        names = (await get(desk, "unattributed"))["items"]
        records = (await get(desk, "unattributed/records"))["items"]

        for found in (names, records):
            assert sorted(each["kind"] for each in found) == sorted(ALL_PATHS)
            assert {each["service_name"] for each in found} == {"Mail"}
        assert all(each["opened_at"] for each in records)

    async def test_they_are_narrowed_to_a_kind_a_source_and_a_name(self, desk: Metrics) -> None:
        await push(desk, OUTAGE, external_id="2", service="?")

        for query, ids in (
            ({"kind": "outage"}, ["1", "2"]),
            ({"kind": "outage", "service_name": ""}, ["2"]),
            ({"kind": "outage", "source": "other"}, []),
            ({"kind": "change"}, ["1"]),
        ):
            found = (await get(desk, "unattributed/records", **query))["items"]
            assert [each["external_id"] for each in found] == ids
        named = (await get(desk, "unattributed", kind="outage"))["items"]
        assert [(each["service_name"], each["count"]) for each in named] == [(None, 1), ("Mail", 1)]

    async def test_pages_go_through_all_kinds(self, desk: Metrics) -> None:
        for path in ("unattributed", "unattributed/records"):
            kinds, cursor = [], None
            while True:
                page = await get(desk, path, limit=4, **({"cursor": cursor} if cursor else {}))
                kinds += [each["kind"] for each in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert sorted(kinds) == sorted(ALL_PATHS)


class TestAttributions:
    async def test_a_name_is_attributed_for_all_kinds_in_one_call(self, desk: Metrics) -> None:
        reply = await attribute(desk, service="e-mail", source="desk", service_name=" MAIL")

        assert (reply.status_code, reply.json()["attributed"]) == (201, len(ALL_PATHS))
        assert await services(desk) == {"e-mail"}
        assert (await get(desk, "unattributed"))["items"] == []

    async def test_a_record_is_attributed_whatever_its_name_says(self, desk: Metrics) -> None:
        records = [{"kind": kind, "source": "desk", "external_id": "1"} for kind in ALL_PATHS]

        reply = await attribute(desk, service="vpn", records=records)
        await attribute(desk, service="e-mail", source="desk", service_name="mail")
        for kind in ALL_PATHS:
            await push(desk, kind, title="once more", updated_at=at(1))

        assert reply.json()["attributed"] == len(ALL_PATHS)
        assert await services(desk) == {"vpn"}

    async def test_a_record_that_is_not_there_stops_them_all(self, desk: Metrics) -> None:
        records = [
            {"kind": "outage", "source": "desk", "external_id": "1"},
            {"kind": "survey", "source": "desk", "external_id": "9"},
        ]

        reply = await attribute(desk, service="vpn", records=records)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/records")
        assert await services(desk) == {None}

    async def test_the_catalogs_names_are_not_attributed(self, desk: Metrics) -> None:
        reply = await attribute(desk, service="vpn", source="catalog", service_name="mail")

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/source")

    async def test_the_risk_of_a_change_moves_with_it(self, desk: Metrics) -> None:
        risks = []
        for service in ("vpn", "e-mail"):
            await attribute(desk, service=service, source="desk", service_name="Mail")
            risks.append((await get(desk, "changes/desk/1"))["risk_score"])

        assert risks[1] - risks[0] == 20

    async def test_a_changed_reference_moves_the_records_there_are(self, desk: Metrics) -> None:
        for revision, (owner, references) in enumerate(
            [("vpn", [MAIL]), ("vpn", []), ("e-mail", [MAIL])], 2
        ):
            async with transaction(desk.engine) as session:
                await take_over(session, [service_data(owner, revision, references)])
            await run_moves(desk)

            assert await services(desk) == ({owner} if references else {None})


MAIL = {"source": None, "name": "Mail"}


def service_data(key: str, revision: int, references: list[Any]) -> ServiceData:
    return ServiceData.model_validate(
        {
            "key": key,
            "name": key,
            "kind": "business",
            "portfolio": "demo",
            "stage": "operate",
            "criticality": None,
            "revision": revision,
            "references": references,
        }
    )


async def run_moves(metrics: Metrics) -> None:
    """The jobs that a change of names enqueues."""
    for service in ("vpn", "e-mail"):
        await move_records(metrics.engine, Memory(), service)
    await attribute_records(metrics.engine, Memory())


class TestWords:
    async def test_copies_that_change_move_the_records_there_are(self, desk: Metrics) -> None:
        for kind in ALL_PATHS:
            customer = {} if kind is INCIDENT else {"customer": "People"}
            await push(desk, kind, vendor="SAP erp", updated_at=at(1), **customer)
        assert await meanings(desk) == {None}

        async with transaction(desk.engine) as session:
            await add_copy(session, "vendor_product", "sap", SAP)
            await add_copy(session, "customer", "hr", HR)
        changed = await follow_words(desk.engine, Memory())

        assert (changed, await meanings(desk)) == (11, {"sap", "hr"})
        assert await follow_words(desk.engine, Memory()) == 0

    async def test_what_comes_in_next_is_read_by_them(self, desk: Metrics) -> None:
        async with transaction(desk.engine) as session:
            await add_copy(session, "vendor_product", "sap", SAP)
        await follow_words(desk.engine, Memory())

        await push(desk, OUTAGE, external_id="2", vendor="sap")

        assert (await get(desk, "outages/desk/2"))["vendor_product"] == "sap"

    async def test_an_ended_copy_means_nothing_any_more(self, desk: Metrics) -> None:
        async with transaction(desk.engine) as session:
            await add_copy(session, "vendor_product", "sap", SAP)
        await follow_words(desk.engine, Memory())
        await push(desk, OUTAGE, vendor="sap", updated_at=at(1))

        async with transaction(desk.engine) as session:
            await session.execute(text("UPDATE metrics.catalog_copy SET ended_at = now()"))

        assert await follow_words(desk.engine, Memory()) == 1
        assert (await get(desk, "outages/desk/1"))["vendor_product"] is None

    def test_they_are_followed_every_minute(self) -> None:
        crons = {job.name: job.cron for job in JOBS}

        assert crons == {REFOLD_RECORDS_JOB: None, "follow_words": "* * * * *"}


SAP = {"key": "sap", "name": "SAP ERP", "vendor": "SAP"}
HR = {"key": "hr", "name": "People", "active": True}


async def meanings(metrics: Metrics) -> set[str | None]:
    found = set()
    for kind, path in ALL_PATHS.items():
        record = await get(metrics, f"{path}/desk/1")
        found.add(record["vendor_product"])
        if kind is not INCIDENT:
            found.add(record["customer"])
    return found
