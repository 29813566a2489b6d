"""`tollgate import` pushes a log in requests that it resends until they are acknowledged."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tollgate import pushing, resending
from tollgate.app import run
from tollgate.exits import ExitCode
from tollgate.onboarding import candidate_keys

HEADER = "number,incident_state,sys_mod_count,sys_updated_at,opened_at,category\n"
ROWS = (
    "INC1,New,0,1/2/2021 08:00,1/2/2021 08:00,Mail\n"
    "INC1,Active,1,1/2/2021 09:00,1/2/2021 08:00,Mail\n"
    "INC2,New,0,1/2/2021 08:30,1/2/2021 08:10,?\n"
)


class Metrics:
    """Answers as metrics-api does; `failures` come before the answers to batches."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.failures: list[httpx.Response | Exception] = []
        self.refuse: dict[int, str] = {}
        self.batches = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/incidents/batch":
            return self._batch(request)
        if path == "/v1/unattributed/records":
            ids = sorted({row["external_id"] for row in self.rows if row["service"] is None})
            items = [{"external_id": name} for name in [*ids, "OLD1"]]
            return httpx.Response(200, json={"items": items, "next_cursor": None})
        return httpx.Response(200, json={"key": "snow"})

    def _batch(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        self.batches += 1
        rows = [json.loads(line) for line in gzip.decompress(request.content).splitlines()]
        self.rows += rows
        rejections = [
            {"line": line, "pointer": "/state", "reason": reason}
            for line, reason in self.refuse.items()
        ]
        return httpx.Response(
            200,
            json={
                "id": "1", "rows": len(rows), "accepted": len(rows) - len(rejections),
                "rejected": len(rejections), "created": 0, "repeated": 0,
                "rejections": rejections,
            },
        )  # fmt: skip


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.setattr(resending, "FIRST_PAUSE", 0.001)
    return Metrics()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(HEADER + ROWS)
    return path


def import_log(log: Path, metrics: Metrics, *options: str) -> ExitCode:
    terms = ["--source", "snow", "--service-field", "category", "--timezone", "UTC", "--json"]
    command = ["import", "servicenow-log", str(log), *terms, *options]
    return run(command, httpx.MockTransport(metrics))


def rejects_of(printed: str) -> list[dict[str, str]]:
    path = Path(printed.strip().rsplit(" ", 1)[-1])
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_incidents_and_unattributed_ones_are_counted(
    log: Path, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_log(log, metrics) is ExitCode.PASSED

    assert json.loads(capsys.readouterr().out) == {
        "source": "snow",
        "rows": 3,
        "accepted": 3,
        "rejected": 0,
        "incidents": 2,
        "unattributed": 1,
        "created_services": [],
    }


def test_rejected_rows_are_listed_with_their_line_wherever_they_were_refused(
    log: Path, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text(HEADER + "INC0,New,0,32/1/2021 08:00,1/2/2021 08:00,Mail\nINC9,x\n" + ROWS)
    metrics.refuse = {3: "no"}

    import_log(log, metrics)

    printed = capsys.readouterr()
    counted = json.loads(printed.out)
    listed = rejects_of(printed.err)
    assert (counted["rows"], counted["accepted"], counted["rejected"]) == (5, 2, 3)
    assert counted["incidents"] == 1
    assert [(row["reject_line"], row["reject_field"]) for row in listed] == [
        ("2", "sys_updated_at"),
        ("3", ""),
        ("6", "/state"),
    ]
    assert listed[2]["number"] == "INC2"


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("killed"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(500, json={"detail": "the database went away"}),
        httpx.Response(503, json={"detail": "starting"}),
        httpx.Response(429, json={"detail": "slower"}),
    ],
)
def test_a_request_is_resent_until_it_is_acknowledged(
    log: Path, metrics: Metrics, failure: httpx.Response | Exception
) -> None:
    metrics.failures = [failure, failure]

    assert import_log(log, metrics) is ExitCode.PASSED
    assert metrics.batches == 1


def test_patience_ends_with_what_to_do(
    log: Path, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.failures = [httpx.ConnectError("refused")]

    assert import_log(log, metrics, "--retry-for", "0") is ExitCode.OTHER

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "run the same command again" in printed.err


def test_a_long_log_goes_in_several_requests(
    log: Path, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "BATCH_ROWS", 2)

    import_log(log, metrics)

    assert metrics.batches == 2
    assert len(metrics.rows) == 3


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["--service-field", "team"], "has no column team"),
        (["--timezone", "Mars/Olympus"], "is no time zone"),
        (["--timezone", "../etc"], "is no time zone"),
    ],
)
def test_a_wrong_option_says_what_to_do(
    log: Path,
    metrics: Metrics,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    advice: str,
) -> None:
    assert import_log(log, metrics, *options) is ExitCode.OTHER
    assert advice in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "first"),
    [("Category 26", "category-26"), ("  Köln / Süd ", "koln-sud"), ("C++", "c")],
)
def test_a_key_is_the_slug_of_the_name(name: str, first: str) -> None:
    assert next(candidate_keys(name)) == first


def test_names_with_one_slug_have_keys_of_their_own() -> None:
    keys = {list(candidate_keys(name))[-1] for name in ("Category 26", "Category_26", "服務")}

    assert len(keys) == 3
