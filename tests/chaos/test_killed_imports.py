"""Processes die with -9 in the middle of imports: nothing acknowledged is lost, nothing doubled."""

import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.eventually import soon
from tests.support.processes import COMMAND, System, running_system

INCIDENTS = 4_000
STATES = ("New", "Active", "Resolved", "Closed")
HEADER = "number,incident_state,sys_mod_count,sys_updated_at,opened_at,resolved_at,category\n"
VICTIMS = ("metrics serve", "postgres", "metrics worker", "postgres", "metrics serve")
OPENED = datetime(2024, 3, 1, tzinfo=UTC)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("chaos")) as running:
        yield running


def stamp(moment: datetime) -> str:
    return f"{moment.day}/{moment.month}/{moment.year} {moment:%H:%M}"


def log_of_incidents(path: Path) -> Path:
    """Every incident takes two hours and has one row a state."""
    with path.open("w") as log:
        log.write(HEADER)
        for number in range(INCIDENTS):
            opened = OPENED + timedelta(minutes=number % 1440)
            resolved = stamp(opened + timedelta(hours=2))
            for count, state in enumerate(STATES):
                row = (
                    f"INC{number}", state, str(count), stamp(opened + timedelta(hours=count)),
                    stamp(opened), resolved, f"Category {number % 4}",
                )  # fmt: skip
                log.write(",".join(row) + "\n")
    return path


def start_import(system: System, log: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            COMMAND, "import", "servicenow-log", log, "--source", "chaos", "--service-field",
            "category", "--timezone", "UTC", "--create-services", "--json",
        ],
        env=system.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def stored_incidents(system: System) -> int:
    """As the API lists them; 0 while it cannot answer."""
    try:
        report = system.send(
            "metrics",
            "GET",
            "/v1/reports/performance",
            params={"kpi": "incident_count", "periods": "2024", "portfolio": "imported"},
        )
    except httpx.HTTPError:
        return 0
    rows: list[dict[str, Any]] = report.json()["rows"] if report.is_success else []
    return sum(row["values"][0]["count"] for row in rows)


def test_an_import_whose_servers_are_killed_again_and_again_completes(
    system: System, tmp_path: Path
) -> None:
    importing = start_import(system, log_of_incidents(tmp_path / "log.csv"))
    for victim in VICTIMS:
        before = stored_incidents(system)
        system.kill(victim)
        # It goes on before the next one dies: to be stopped all the time proves nothing.
        soon(
            lambda before=before: (
                importing.poll() is not None  # type: ignore[misc]
                or stored_incidents(system) > before
            ),
            within=120,
        )
    printed, complaints = importing.communicate(timeout=300)

    assert importing.returncode == 0, complaints
    totals = json.loads(printed)
    assert (totals["rows"], totals["accepted"]) == (INCIDENTS * len(STATES),) * 2
    assert (totals["incidents"], totals["unattributed"]) == (INCIDENTS, 0)
    assert_nothing_is_lost_or_doubled(system)


def assert_nothing_is_lost_or_doubled(system: System) -> None:
    soon(lambda: all(system.ready(name) for name in system.ports), within=60)
    report = system.get(
        "metrics", "/v1/reports/performance", kpi="mttr", periods="2024", portfolio="imported"
    )
    assert [row["values"][0]["count"] for row in report["rows"]] == [INCIDENTS // 4] * 4
    assert {row["values"][0]["value"] for row in report["rows"]} == {2.0}
    for number in (0, INCIDENTS // 2, INCIDENTS - 1):
        versions = system.get("metrics", f"/v1/incidents/chaos/INC{number}/versions")
        assert sorted(item["version"] for item in versions["items"]) == [0, 1, 2, 3]


def test_importing_it_once_more_changes_nothing(system: System, tmp_path: Path) -> None:
    again = start_import(system, log_of_incidents(tmp_path / "log.csv"))
    printed, complaints = again.communicate(timeout=300)

    assert again.returncode == 0, complaints
    assert json.loads(printed)["accepted"] == INCIDENTS * len(STATES)
    assert_nothing_is_lost_or_doubled(system)


def test_an_acknowledged_incident_is_there_after_any_death(system: System) -> None:
    system.call("metrics", "POST", "/v1/sources", json={"key": "single", "name": "Single"})
    acknowledged: list[str] = []
    done = threading.Event()

    def post_until_done() -> None:
        headers = {"Authorization": f"Bearer {system.token()}"}
        number = 0
        with httpx.Client(base_url=system.url("metrics"), timeout=20, headers=headers) as client:
            while not done.is_set():
                number += 1
                record = {
                    "source": "single", "external_id": f"S{number}", "state": "new",
                    "opened_at": "2024-05-01T08:00:00Z",
                }  # fmt: skip
                try:
                    answer = client.post("/v1/incidents", json=record)
                except httpx.HTTPError:
                    continue
                if answer.is_success:
                    acknowledged.append(f"S{number}")

    posting = threading.Thread(target=post_until_done)
    posting.start()
    try:
        for victim in ("postgres", "metrics serve", "postgres"):
            enough = len(acknowledged) + 20
            soon(lambda enough=enough: len(acknowledged) >= enough, within=120)  # type: ignore[misc]
            system.kill(victim)
    finally:
        done.set()
        posting.join(60)

    soon(lambda: system.ready("metrics"), within=60)
    answers = {
        external_id: system.send("metrics", "GET", f"/v1/incidents/single/{external_id}")
        for external_id in acknowledged
    }
    lost = {name: answer.text for name, answer in answers.items() if not answer.is_success}
    assert len(acknowledged) >= 60
    assert lost == {}
