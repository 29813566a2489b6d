"""`tollgate report performance` prints the table that metrics-api answers."""

import json
from typing import Any

import httpx
import pytest

from tollgate.app import run
from tollgate.exits import ExitCode

COMMAND = ["report", "performance", "--periods", "2025-Q1,2025-Q2", "--portfolio", "it-operations"]


def make_row(service: str, values: tuple[float | None, ...], **changes: Any) -> dict[str, Any]:
    return {
        "service": service,
        "name": service.title(),
        "values": [
            {"period": f"2025-Q{n}", "value": value, "count": 2, "complete": True}
            for n, value in enumerate(values, start=1)
        ],
        "target": None,
        "met": None,
        "improvement_action": None,
    } | changes


def make_report(*rows: dict[str, Any], next_cursor: str | None = None) -> dict[str, Any]:
    return {
        "kpi": "mttr", "unit": "hours", "timezone": "UTC", "rows": list(rows),
        "next_cursor": next_cursor,
    }  # fmt: skip


def run_against(answer: dict[str, Any], *options: str) -> ExitCode:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json=answer))
    return run([*COMMAND, *options], transport)


def test_the_table_shows_value_target_met_and_action(capsys: pytest.CaptureFixture[str]) -> None:
    report = make_report(
        make_row(
            "support", (6.5, 4.8), target={"comparator": "lte", "value": 5.0}, met=True,
            improvement_action="Implemented new knowledge base for common issues",
        ),
        make_row("network", (3.1, None), target={"comparator": "lt", "value": 2.5}, met=False),
    )  # fmt: skip

    assert run_against(report) is ExitCode.PASSED

    cells = [
        [cell.strip() for cell in line.strip("│┃ ").replace("┃", "│").split("│")]
        for line in capsys.readouterr().out.splitlines()
        if "│" in line or "┃" in line
    ]
    assert cells == [
        ["Service", "2025-Q1", "2025-Q2", "Target", "Met", "Improvement action taken"],
        ["Support", "6.5 h", "4.8 h", "≤ 5.0 h", "met",
         "Implemented new knowledge base for common issues"],
        ["Network", "3.1 h", "–", "< 2.5 h", "missed", "–"],
    ]  # fmt: skip


def test_every_page_is_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return httpx.Response(200, json=make_report(make_row("b", (1, 2))))
        return httpx.Response(200, json=make_report(make_row("a", (1, 2)), next_cursor="x"))

    run([*COMMAND, "--format", "json"], httpx.MockTransport(handler))

    printed = json.loads(capsys.readouterr().out)
    assert [row["service"] for row in printed["rows"]] == ["a", "b"]
    assert printed["next_cursor"] is None


@pytest.mark.parametrize("output", ["csv", "html"])
def test_other_formats_are_as_the_service_made_them(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=f"{request.url.params['format']} of it\r\n")

    run([*COMMAND, "--format", output], httpx.MockTransport(handler))

    assert capsys.readouterr().out == f"{output} of it\r\n"


def test_a_long_csv_goes_on_under_one_header(capsys: pytest.CaptureFixture[str]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return httpx.Response(200, text="service\r\nb\r\n")
        following = f"<{request.url.path}?{request.url.query.decode()}&cursor=x>"
        headers = {"Link": f'{following}; rel="next"'}
        return httpx.Response(200, text="service\r\na\r\n", headers=headers)

    run([*COMMAND, "--format", "csv"], httpx.MockTransport(handler))

    assert capsys.readouterr().out == "service\r\na\r\nb\r\n"


def test_an_empty_report_is_an_empty_table() -> None:
    assert run_against(make_report()) is ExitCode.PASSED


def test_what_is_no_report_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_against({"rows": []}) is ExitCode.OTHER
    assert "is METRICS_URL a metrics-api" in capsys.readouterr().err
