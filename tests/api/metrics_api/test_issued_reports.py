"""Issued reports: frozen with all rows, the same bytes whatever happens afterwards."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest

from metrics_api.issued_reports import rules
from metrics_api.quality_reports import page as quality_page
from metrics_api.reports import page
from shared.kit.database import transaction
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.metrics import Metrics
from tests.support.postgres import Database

Q1, Q2 = datetime(2016, 2, 1, tzinfo=UTC), datetime(2016, 5, 1, tzinfo=UTC)
PATH = "/v1/reports/issued"
ASKED = {"kpi": "mttr", "periods": ["2016-Q1", "2016-Q2"]}
QUALITY = {"kpis": ["mttr", "csat"], "period": "2016-Q2"}
PERIOD = "/parameters/period"
FORMATS = ("json", "csv", "html")


@pytest.fixture
async def reported(metrics: Metrics) -> Metrics:
    """Two services that resolved an incident in each quarter."""
    async with transaction(metrics.engine) as session:
        for key in ("mail", "network"):
            await add_service(session, key)
            await store(session, [resolved_incident(key, at, 3.5) for at in (Q1, Q2)])
    return metrics


async def issue(metrics: Metrics, **fields: Any) -> dict[str, Any]:
    body = {"kind": "performance", "title": "Second quarter", "parameters": ASKED} | fields
    reply = await metrics.http.post(PATH, json=body)
    assert reply.status_code == 201, reply.text
    issued: dict[str, Any] = reply.json()
    return issued


async def document(metrics: Metrics, issued: dict[str, Any], form: str) -> bytes:
    reply = await metrics.http.get(f"{PATH}/{issued['id']}/document", params={"format": form})
    assert reply.status_code == 200, reply.text
    return reply.content


async def test_an_issued_report_is_the_live_one_with_all_its_rows(reported: Metrics) -> None:
    issued = await issue(reported)

    live = await reported.http.get(
        "/v1/reports/performance", params={"kpi": "mttr", "periods": "2016-Q1,2016-Q2"}
    )
    frozen = await reported.http.get(f"{PATH}/{issued['id']}/document")
    assert frozen.json() == live.json()
    assert issued["rows"] == 2
    assert (issued["issued_by"], issued["as_of"]) == ("ada", None)


async def test_each_document_has_the_hash_that_is_told(reported: Metrics) -> None:
    issued = await issue(reported)

    told = {each["format"]: each["sha256"] for each in issued["documents"]}
    found = {
        form: hashlib.sha256(await document(reported, issued, form)).hexdigest() for form in FORMATS
    }
    assert told == found
    assert issued["sha256"] == found["json"]


async def test_nothing_that_happens_later_changes_a_byte(
    reported: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = await issue(reported)
    before = {form: await document(reported, issued, form) for form in FORMATS}

    async with transaction(reported.engine) as session:
        await store(session, [resolved_incident("mail", Q2, 99.0)])
        await add_service(session, "new")
    target = {"service": "mail", "kpi": "mttr", "comparator": "lte", "value": 1}
    await reported.http.post("/v1/targets", json=target | {"valid_from": "2016-01-01"})
    monkeypatch.setattr(page, "as_page", lambda *_: "another template")
    monkeypatch.setattr(page, "template_of", None)

    assert {form: await document(reported, issued, form) for form in FORMATS} == before
    again = await reported.http.get(f"{PATH}/{issued['id']}")
    assert again.json() == issued
    assert again.headers["ETag"] == f'"{issued["sha256"]}"'


async def test_a_repeated_request_issues_once(reported: Metrics) -> None:
    body = {"kind": "performance", "title": "Once", "parameters": ASKED}
    headers = {"Idempotency-Key": "once"}
    first = await reported.http.post(PATH, json=body, headers=headers)
    again = await reported.http.post(PATH, json=body, headers=headers)

    assert again.json() == first.json()
    assert len((await reported.http.get(PATH)).json()["items"]) == 1


async def test_issued_reports_are_listed_newest_first_page_by_page(reported: Metrics) -> None:
    issued = [await issue(reported, title=title) for title in ("one", "two", "three")]

    first = (await reported.http.get(PATH, params={"limit": 2})).json()
    rest = await reported.http.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})
    titles = [each["title"] for each in first["items"] + rest.json()["items"]]
    assert titles == [each["title"] for each in reversed(issued)]


async def test_a_report_of_too_many_rows_is_refused_and_not_cut(
    reported: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics_api.issued_reports.actions.MOST_ROWS", 1)
    body = {"kind": "performance", "title": "Large", "parameters": ASKED}

    reply = await reported.http.post(PATH, json=body)

    assert (reply.status_code, reply.json()["code"]) == (422, "report_too_large")
    assert (await reported.http.get(PATH)).json()["items"] == []
    assert rules.MOST_ROWS == 1_000


async def test_a_document_of_too_many_bytes_is_refused(
    reported: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics_api.issued_reports.documents.MOST_BYTES", 1_000)
    body = {"kind": "performance", "title": "Large", "parameters": ASKED}

    reply = await reported.http.post(PATH, json=body)

    assert (reply.status_code, reply.json()["code"]) == (422, "report_too_large")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "poem"},
        {"title": ""},
        {"parameters": ASKED | {"periods": []}},
        {"parameters": ASKED | {"periods": ["yesterday"]}},
        {"parameters": ASKED | {"timezone": "Mars/Olympus"}},
        {"parameters": ASKED | {"timezone": "a\x00b"}},
        {"as_of": "9999-12-31T23:59:59Z"},
    ],
)
async def test_what_the_live_report_refuses_is_not_issued(
    reported: Metrics, wrong: dict[str, Any]
) -> None:
    body = {"kind": "performance", "title": "Wrong", "parameters": ASKED} | wrong

    reply = await reported.http.post(PATH, json=body)

    assert reply.status_code == 422, reply.text


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"parameters": ASKED | {"kpi": "poems"}}, "/parameters/kpi"),
        ({"parameters": ASKED | {"periods": ["yesterday"]}}, "/parameters/periods"),
        ({"parameters": ASKED | {"timezone": "Mars/Olympus"}}, "/parameters/timezone"),
        ({"as_of": "9999-12-31T23:59:59Z"}, "/as_of"),
        ({"kind": "quality_and_cost", "parameters": QUALITY | {"period": "Q"}}, PERIOD),
        ({"kind": "quality_and_cost", "parameters": ASKED}, "/parameters/kpis"),
    ],
)
async def test_what_is_refused_is_pointed_at_in_the_body(
    reported: Metrics, wrong: dict[str, Any], pointer: str
) -> None:
    body = {"kind": "performance", "title": "Wrong", "parameters": ASKED} | wrong

    reply = await reported.http.post(PATH, json=body)

    assert reply.status_code == 422, reply.text
    assert reply.json()["errors"][0]["pointer"] == pointer


async def test_quality_and_cost_is_issued_like_the_live_report(
    reported: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = await issue(reported, kind="quality_and_cost", parameters=QUALITY)
    live = await reported.http.get(
        "/v1/reports/quality-and-cost", params={"kpi": ["mttr", "csat"], "period": "2016-Q2"}
    )
    before = {form: await document(reported, issued, form) for form in FORMATS}
    assert orjson.loads(before["json"]) == live.json()
    assert (issued["rows"], issued["parameters"]["kpis"]) == (2, ["mttr", "csat"])
    assert b"<html" in before["html"]
    assert before["csv"].count(b"\r\n") == 3

    async with transaction(reported.engine) as session:
        await store(session, [resolved_incident("mail", Q2, 99.0)])
    monkeypatch.setattr(quality_page, "template_of", None)

    assert {form: await document(reported, issued, form) for form in FORMATS} == before
    listed = await reported.http.get(PATH, params={"kind": "quality_and_cost"})
    assert [one["id"] for one in listed.json()["items"]] == [issued["id"]]


async def test_what_was_not_issued_is_not_found(reported: Metrics) -> None:
    for path in (f"{PATH}/{uuid4()}", f"{PATH}/{uuid4()}/document"):
        assert (await reported.http.get(path)).status_code == 404


async def test_issuing_needs_its_scope(reported: Metrics) -> None:
    reader = reported.caller(scopes=["metrics:read"])
    body = {"kind": "performance", "title": "Mine", "parameters": ASKED}

    assert (await reported.http.post(PATH, json=body, headers=reader)).status_code == 403
    assert (await reported.http.get(PATH, headers=reader)).status_code == 200


@pytest.mark.parametrize("table", ["issued_report", "issued_document"])
async def test_the_service_itself_cannot_change_what_was_issued(
    metrics_db: Database, table: str
) -> None:
    for statement in (f"DELETE FROM metrics.{table}", f"UPDATE metrics.{table} SET sha256 = ''"):
        with (
            psycopg.connect(metrics_db.runtime_url) as runtime,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            runtime.execute(statement.encode())
