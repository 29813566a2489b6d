"""A service that is down or hangs takes the others neither down nor through a gate."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.eventually import soon
from tests.support.processes import System, running_system

pytestmark = pytest.mark.slow
# The deadline of a question for facts is 5 s, retries included; the rest is the evaluation's own.
EVALUATION_LIMIT_S = 8.0
EVALUATIONS = "/v1/services/payments/gates/operate-to-improve/evaluations"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("absent")) as running:
        running.call("catalog", "POST", "/v1/portfolios", json={"key": "bank", "name": "Bank"})
        service = {
            "key": "payments",
            "name": "Payments",
            "kind": "business",
            "portfolio": "bank",
            "stage": "operate",
            "reason": "it runs for years",
            "owners": [{"role": "service_owner", "subject": "ada"}],
        }
        running.call("catalog", "POST", "/v1/services/onboard", json=service)
        running.call("metrics", "POST", "/v1/sources", json={"key": "desk", "name": "Desk"})
        running.call("metrics", "POST", "/v1/references/refresh")
        yield running


@contextmanager
def hanging(system: System, program: str) -> Iterator[None]:
    """The process accepts connections and never answers."""
    pid = system.pid(program)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def evaluate(system: System) -> tuple[dict[str, Any], float]:
    """The evaluation that stands, and the seconds it took."""
    started = time.monotonic()
    answer: dict[str, Any] = system.call("improvement", "POST", EVALUATIONS).json()
    return answer, time.monotonic() - started


def record(external_id: str, service: str) -> dict[str, str]:
    return {
        "source": "desk",
        "external_id": external_id,
        "service": service,
        "state": "new",
        "opened_at": "2024-05-01T08:00:00Z",
    }


def assert_no_pass(evaluation: dict[str, Any]) -> None:
    """What metrics-api would have said is an error, and no such evaluation opens a gate."""
    outcomes = [item["outcome"] for item in evaluation["criteria"]]
    assert "error" in outcomes
    assert evaluation["verdict"] in {"error", "fail"}
    assert evaluation["exit_code"] != 0


def test_incidents_are_accepted_while_the_catalog_hangs(system: System) -> None:
    with hanging(system, "catalog serve"):
        known = system.call("metrics", "POST", "/v1/incidents", json=record("D1", "payments"))
        unknown = system.call("metrics", "POST", "/v1/incidents", json=record("D2", "Who is it"))

    assert known.json()["service"] == "payments"
    assert unknown.json()["service"] is None


def test_incidents_are_accepted_when_the_catalog_was_killed(system: System) -> None:
    system.kill("catalog serve")

    answer = system.call("metrics", "POST", "/v1/incidents", json=record("D3", "payments"))

    assert answer.status_code == 201
    soon(lambda: system.ready("catalog"), within=60)


def test_an_evaluation_does_not_wait_for_a_hanging_metrics_api(system: System) -> None:
    with hanging(system, "metrics serve"):
        evaluation, seconds = evaluate(system)

    assert_no_pass(evaluation)
    assert seconds < EVALUATION_LIMIT_S


def test_an_evaluation_while_metrics_api_is_dead_is_no_pass(system: System) -> None:
    system.kill("metrics serve")

    evaluation, seconds = evaluate(system)

    assert_no_pass(evaluation)
    assert seconds < EVALUATION_LIMIT_S


def test_it_is_computed_again_when_metrics_api_is_back(system: System) -> None:
    soon(lambda: system.ready("metrics"), within=60)

    # The circuit to metrics-api opened meanwhile; it closes by itself.
    def computed() -> bool:
        outcomes = {item["outcome"] for item in evaluate(system)[0]["criteria"]}
        return "error" not in outcomes

    soon(computed, within=60)
