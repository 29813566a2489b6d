"""How a source's deliveries are read: settings, their versions, the kinds of tools."""

from typing import Any

from metrics_api.sources.tools.registry import TOOLS
from tests.support.metrics import Metrics


async def create(metrics: Metrics, **fields: Any) -> Any:
    return await metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"} | fields)


async def test_a_source_takes_over_what_its_kind_has(metrics: Metrics) -> None:
    source = (await create(metrics, kind="pagerduty")).json()

    assert source["delivery"] == "event"
    assert source["signature"] == {
        "scheme": "pagerduty",
        "header": "x-pagerduty-signature",
        "timestamp_header": None,
        "tolerance_seconds": 300,
    }
    assert (source["retention_days"], source["record_kind"]) == (30, None)


async def test_bad_settings_are_422_and_say_where(metrics: Metrics) -> None:
    bad: list[tuple[dict[str, Any], str, str]] = [
        ({"field_mapping": {"service": "a.b["}}, "/field_mapping/service", "position 4"),
        ({"field_mapping": {"shoe_size": "a"}}, "/field_mapping/shoe_size", "none of our"),
        ({"signature": {"scheme": "rot13"}}, "/signature/scheme", ""),
        ({"signature": {"scheme": "pagerduty", "header": "x-y"}}, "/signature", "fixed"),
        ({"signature": {"scheme": "hub", "timestamp_header": "x-t"}}, "/signature", "no time"),
        ({"kind_mapping": {"Epic": "nonsense"}}, "/kind_mapping/Epic", ""),
        (
            {"state_mapping": {"Done": "resolved", "done ": "closed"}},
            "/state_mapping",
            "same words",
        ),
        ({"priority_mapping": {"P1": 1, "p1": 2}}, "/priority_mapping", "same words"),
        ({"timezone": "localtime"}, "/timezone", "IANA"),
        ({"record_kind": "problem"}, "/record_kind", ""),
        ({"retention_days": 0}, "/retention_days", ""),
    ]
    for fields, pointer, words in bad:
        reply = await create(metrics, **fields)

        error = reply.json()["errors"][0]
        assert (reply.status_code, error["pointer"]) == (422, pointer)
        assert words in error["detail"]


async def test_every_version_of_a_source_is_kept(metrics: Metrics) -> None:
    await create(metrics, kind="jira")
    change = {"state_mapping": {"Triage": "new"}, "signature": {"scheme": "url_token"}}
    await metrics.http.patch("/v1/sources/desk", json=change, headers={"If-Match": "*"})
    back = {"signature": None}
    last = await metrics.http.patch("/v1/sources/desk", json=back, headers={"If-Match": "*"})

    versions = (await metrics.http.get("/v1/sources/desk/versions")).json()["items"]

    assert [version["version"] for version in versions] == [1, 2, 3]
    schemes = [version["settings"]["signature"]["scheme"] for version in versions]
    assert schemes == ["hub", "url_token", "hub"]
    assert [version["settings"]["state_mapping"] for version in versions] == [
        {},
        {"Triage": "new"},
        {"Triage": "new"},
    ]
    assert versions[2]["recorded_by"] == "ada"
    assert versions[2]["settings"] == last.json()


async def test_the_kinds_say_how_to_set_each_tool_up(metrics: Metrics) -> None:
    first = (await metrics.http.get("/v1/source-kinds", params={"limit": 4})).json()
    rest = await metrics.http.get("/v1/source-kinds", params={"cursor": first["next_cursor"]})

    kinds = {kind["kind"]: kind for kind in first["items"] + rest.json()["items"]}
    assert kinds.keys() == TOOLS.keys()
    assert "X-Tollgate-Signature" in kinds["servicenow"]["guide"]
    assert kinds["statuspage"]["signature"]["header"] == "?token="
    assert all(kind["guide"] and kind["mapping_root"] for kind in kinds.values())


async def test_the_secret_of_a_url_does_for_tools_that_sign_nothing(metrics: Metrics) -> None:
    await create(metrics, kind="statuspage")
    made = (await metrics.http.post("/v1/sources/desk/secrets", json={})).json()
    path, body = "/v1/sources/desk/events", {"component_update": {}}

    replies = [
        await metrics.http.post(
            path, json=body, params={"token": token} if token else None, headers=headers
        )
        for token, headers in (
            (made["secret"], {"Authorization": ""}),
            ("wrong", {"Authorization": ""}),
            ("", {"Authorization": "", "X-Tollgate-Token": made["secret"]}),
        )
    ]

    assert [reply.status_code for reply in replies] == [202, 403, 403]
