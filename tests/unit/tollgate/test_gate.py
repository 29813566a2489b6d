"""`tollgate gate check` exits as the verdict says, and with 3 whatever else happens."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.tollgate.evaluations import make_evaluation
from tollgate.app import run

CHECK = ["gate", "check", "--service", "printing", "--gate", "operate-to-improve"]
Handler = Callable[[httpx.Request], httpx.Response]


def answering(status: int, body: Any) -> Handler:
    return lambda _request: httpx.Response(status, json=body)


def check(handler: Handler, *options: str) -> int:
    return run([*CHECK, *options], httpx.MockTransport(handler))


@pytest.mark.parametrize(
    ("verdict", "options", "code"),
    [
        ("pass", [], 0),
        ("pass", ["--allow-warning"], 0),
        ("fail", [], 1),
        ("fail", ["--allow-warning"], 1),
        ("warning", [], 2),
        ("warning", ["--allow-warning"], 0),
        ("inconclusive", [], 2),
        ("inconclusive", ["--allow-warning"], 2),
        ("error", [], 3),
        ("error", ["--allow-warning"], 3),
    ],
)
def test_the_verdict_is_the_exit_code(verdict: str, options: list[str], code: int) -> None:
    assert check(answering(201, make_evaluation(verdict=verdict)), *options) == code


def test_what_does_not_pass_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    check(answering(201, make_evaluation(verdict="fail")))

    told = capsys.readouterr().out
    assert "to do: Satisfy on-target" in told
    assert "Satisfy owned" not in told


def raising(error: BaseException) -> Handler:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise error

    return handler


@pytest.mark.parametrize(
    "handler",
    [
        raising(httpx.ConnectError("refused")),
        raising(httpx.ReadTimeout("late")),
        raising(httpx.RemoteProtocolError("cut")),
        raising(KeyboardInterrupt()),
        raising(RuntimeError("bug")),
        raising(SystemExit(1)),
        answering(200, make_evaluation(verdict="pass")),
        answering(201, {"verdict": "pass"}),
        answering(201, make_evaluation(verdict="perhaps")),
        answering(301, make_evaluation(verdict="pass")),
        answering(401, {"detail": "expired"}),
        answering(404, {"detail": "unknown service"}),
        answering(500, {"detail": "boom"}),
        answering(503, ["no problem document"]),
        lambda _request: httpx.Response(201, text="<html>welcome</html>"),
        lambda _request: httpx.Response(201, content=b"\xff"),
    ],
)
def test_whatever_else_happens_is_code_3_and_one_line(
    handler: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(handler) == 3

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["gate"],
        ["gate", "check"],
        ["gate", "check", "--service", "printing"],
        ["gate", "check", "--service", "printing", "--gate", "no-such-gate"],
        [*CHECK, "--no-such-option"],
        [*CHECK, "surplus"],
        ["no-such-command"],
    ],
)
def test_a_wrong_usage_is_code_3(arguments: list[str]) -> None:
    assert run(arguments, httpx.MockTransport(answering(201, make_evaluation()))) == 3


@pytest.mark.parametrize(
    ("arguments", "help_of"),
    [
        (["no-such-command"], "tollgate --help"),
        (["gate"], "tollgate gate --help"),
        (["gate", "check"], "tollgate gate check --help"),
    ],
)
def test_a_wrong_usage_names_the_help_of_its_command(
    arguments: list[str], help_of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(arguments)

    assert f"`{help_of}`" in capsys.readouterr().err


@pytest.mark.parametrize("service", ["", " "])
def test_a_variable_that_is_not_set_is_no_service(
    service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = httpx.MockTransport(answering(201, make_evaluation(verdict="pass")))

    assert run(["gate", "check", "--service", service, "--gate", "to-retirement"], transport) == 3
    assert "--service is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["improvement.example:8003", "improvement.example", "/api", "https://"]
)
def test_a_url_without_its_beginning_is_said_to_be_none(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMPROVEMENT_URL", url)

    assert check(answering(201, make_evaluation(verdict="pass"))) == 3
    assert "it must begin with http://" in capsys.readouterr().err


def test_without_a_token_it_is_code_3(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data_dir / "identity" / "local-issuer.jwk").unlink()

    assert check(answering(201, make_evaluation())) == 3
    assert "set TOLLGATE_TOKEN" in capsys.readouterr().err


def test_help_is_code_0() -> None:
    assert run(["gate", "check", "--help"]) == 0


def test_a_service_key_cannot_reach_another_path() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(404, json={"detail": "unknown service"})

    run(
        ["gate", "check", "--service", "../x?y#z", "--gate", "to-retirement"],
        httpx.MockTransport(handler),
    )

    assert asked == ["/v1/services/..%2Fx%3Fy%23z/gates/to-retirement/evaluations"]


@pytest.mark.parametrize("kept", ["from-elsewhere", " from-elsewhere\r\n"])
def test_the_token_of_the_environment_is_sent(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLGATE_TOKEN", kept)
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(201, json=make_evaluation())

    check(handler)

    assert seen == ["Bearer from-elsewhere"]


def test_what_can_be_no_token_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOLLGATE_TOKEN", "secret\x1b")

    assert check(answering(201, make_evaluation())) == 3

    told = capsys.readouterr().err
    assert "set TOLLGATE_TOKEN anew" in told
    assert "secret" not in told


def test_the_text_gives_every_criterion_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    check(answering(201, make_evaluation(verdict="fail")))

    printed = capsys.readouterr().out
    assert printed.startswith("operate-to-improve for printing: FAIL (score 0.50")
    assert "  fail          Criterion on-target: MTTR 5.2 h is above 5.0 h\n" in printed


def test_the_json_is_the_evaluation_as_it_was_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evaluation = make_evaluation() | {"a_later_release_adds": 1}

    check(answering(201, evaluation), "--format", "json")

    assert json.loads(capsys.readouterr().out) == evaluation


def test_what_is_wrong_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "must be the name of an IANA time zone"
    problem = {
        "detail": f"timezone {reason}",
        "errors": [
            {"pointer": "/query/timezone", "detail": reason},
            {"pointer": "/query/kpi", "detail": "is missing"},
        ],
    }

    check(answering(422, problem))

    said = capsys.readouterr().err
    assert (said.count(reason), "/query/kpi: is missing" in said) == (1, True)
