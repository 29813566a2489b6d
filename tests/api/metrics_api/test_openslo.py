"""OpenSLO documents over HTTP: imported all or not at all, exported so that they import again."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics

PAYLOADS = next(
    (
        folder / "shared/data/payloads/openslo"
        for folder in Path(__file__).parents
        if (folder / "shared/data/payloads/openslo").is_dir()
    ),
    None,
)
DOCUMENTS = """
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prom}
spec: {type: Prometheus, connectionDetails: {url: "https://prom", password: hidden}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout, displayName: Checkout works}
spec:
  service: Network
  indicator:
    metadata: {name: checkout-errors}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {metricSourceRef: prom, type: Prometheus, spec: {query: errors}}}
        total: {metricSource: {metricSourceRef: prom, type: Prometheus, spec: {query: requests}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
  alertPolicies:
    - kind: AlertPolicy
      metadata: {name: fast-burn}
      spec:
        alertWhenBreaching: true
        conditions: [{conditionRef: burns}]
        notificationTargets: [{targetRef: on-call}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: burns}
spec:
  severity: page
  condition: {kind: burnrate, op: gt, threshold: 14, lookbackWindow: 1h, alertAfter: 5m}
"""


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def send(metrics: Metrics, text: str | bytes, **query: Any) -> httpx.Response:
    headers = {"Content-Type": "application/yaml"}
    return await metrics.http.post("/v1/openslo", content=text, headers=headers, params=query)


def outcomes(reply: httpx.Response) -> dict[str, str]:
    assert reply.status_code == 200, reply.text
    return {f"{one['kind']} {one['name']}": one["outcome"] for one in reply.json()["objects"]}


async def exported(metrics: Metrics, **query: Any) -> str:
    reply = await metrics.http.get("/v1/openslo", params=query)
    assert reply.status_code == 200, reply.text
    return reply.text


async def test_documents_become_slis_slos_and_alert_policies(metrics: Metrics) -> None:
    reply = await send(metrics, DOCUMENTS)

    assert outcomes(reply) == {
        "DataSource prom": "created",
        "SLI checkout-errors": "created",
        "SLO checkout": "created",
        "AlertPolicy fast-burn": "created",
        "AlertCondition burns": "ignored",
    }
    sli = (await metrics.http.get("/v1/slis/checkout-errors")).json()
    assert (sli["service"], sli["parts"], sli["feed"]["server"]) == ("network", "bad_total", "prom")


async def test_what_is_exported_imports_unchanged(metrics: Metrics) -> None:
    await send(metrics, DOCUMENTS)

    text = await exported(metrics)
    again = await send(metrics, text)

    assert set(outcomes(again).values()) == {"unchanged"}
    assert await exported(metrics) == text
    assert "hidden" not in text


async def test_an_imported_change_changes_only_what_differs(metrics: Metrics) -> None:
    await send(metrics, DOCUMENTS)

    reply = await send(metrics, DOCUMENTS.replace("target: 0.99", "target: 0.98"))

    changed = [name for name, outcome in outcomes(reply).items() if outcome == "changed"]
    assert changed == ["SLO checkout"]
    assert (await metrics.http.get("/v1/slos/checkout")).json()["version"] == 2


async def test_a_dry_run_says_the_same_and_writes_nothing(metrics: Metrics) -> None:
    tried = await send(metrics, DOCUMENTS, dry_run=True)
    done = await send(metrics, DOCUMENTS)

    assert outcomes(tried) == outcomes(done)
    assert tried.json()["dry_run"] is True


async def test_one_bad_object_and_nothing_is_written(metrics: Metrics) -> None:
    never = DOCUMENTS.replace("threshold: 14,", "threshold: 140,")

    reply = await send(metrics, never)

    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/1/spec/alertPolicies/0"
    assert (await metrics.http.get("/v1/slos")).json()["items"] == []
    assert yaml.safe_load(await exported(metrics)) is None


async def test_a_definition_that_stays_cannot_be_imported_otherwise(metrics: Metrics) -> None:
    await send(metrics, DOCUMENTS)

    reply = await send(metrics, DOCUMENTS.replace("counter: true", "counter: false"))

    assert reply.status_code == 422
    assert "counter" in reply.json()["errors"][0]["detail"]


async def test_an_export_is_of_a_service_or_of_one_slo(metrics: Metrics) -> None:
    await send(metrics, DOCUMENTS)

    one = list(yaml.safe_load_all(await exported(metrics, slo="checkout")))
    other = await metrics.http.get("/v1/openslo", params={"service": "erp", "json": True})

    assert [each["kind"] for each in one] == ["DataSource", "SLI", "SLO"]
    assert other.json() == []
    missing = await metrics.http.get("/v1/openslo", params={"slo": "none"})
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe", 400),
        (b"a: [", 400),
        (b"", 422),
        (b"- 1", 422),
        (b"x" * (1024 * 1024 + 1), 413),
    ],
)
async def test_what_is_no_document_is_refused_cleanly(
    metrics: Metrics, body: bytes, status: int
) -> None:
    assert (await send(metrics, body)).status_code == status


@pytest.mark.skipif(PAYLOADS is None, reason="the shared payloads are not beside the project")
@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("occurrences_threshold.yaml", 200, "search-slo"),
        ("timeslices_calendar_two_objectives.yaml", 422, "duration"),
        ("v1_list.yaml", 422, "/2/metadata/name"),
        ("v1alpha_mixed_documents.yaml", 422, "unsupported_version"),
        ("unknown_field.yaml", 422, "/0/spec/markdown"),
    ],
)
async def test_documents_of_others_are_taken_or_refused_with_their_reason(
    metrics: Metrics, name: str, status: int, said: str
) -> None:
    assert PAYLOADS is not None
    async with transaction(metrics.engine) as session:
        for service in ("web-shop", "web-availability", "web"):
            await add_service(session, service)

    reply = await send(metrics, (PAYLOADS / name).read_bytes())

    assert (reply.status_code, said in reply.text) == (status, True), reply.text
