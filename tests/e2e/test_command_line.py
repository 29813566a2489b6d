"""What people and pipelines do with the command line, against the running product."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any

import pytest

from tests.support.eventually import soon
from tests.support.processes import COMMAND, ROOT, System, running_system

HEADER = "number,incident_state,sys_mod_count,sys_updated_at,opened_at,resolved_at,category\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("system")) as running:
        yield running


@pytest.fixture(scope="module")
def demo(system: System) -> CompletedProcess[str]:
    """How the first load of the demo ended; each further one takes seconds and changes nothing."""
    return system.tollgate("demo")


def import_log(system: System, path: Path, source: str, *options: str) -> tuple[Any, Path]:
    """The totals, and the path of the rejects file."""
    ended = system.tollgate(
        "import", "servicenow-log", str(path), "--source", source, "--service-field", "category",
        "--timezone", "UTC", "--json", *options,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), Path(ended.stderr.strip().rsplit(" ", 1)[-1])


def test_a_token_opens_the_apis_and_a_narrow_one_opens_less(system: System) -> None:
    narrow = system.tollgate("token", "--as", "ada", "--scope", "metrics:read").stdout.strip()

    answers = [
        system.send("catalog", "GET", "/v1/services", headers={"Authorization": f"Bearer {token}"})
        for token in (system.token(), narrow)
    ]

    assert [answer.status_code for answer in answers] == [200, 403]


def test_a_log_is_imported_and_what_is_rejected_is_listed(system: System, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(
        HEADER
        + "INC1,New,0,4/1/2021 08:00,4/1/2021 08:00,?,Card Payments\n"
        + "INC1,Closed,2,4/1/2021 12:00,4/1/2021 08:00,4/1/2021 11:00,Card Payments\n"
        + "INC2,Closed,1,5/1/2021 12:00,5/1/2021 08:00,5/1/2021 09:00,Card_Payments\n"
        + "INC3,New,0,6/1/2021 08:00,6/1/2021 08:00,?,?\n"
        + "INC4,New,0,6/13/2021 08:00,6/1/2021 08:00,?,Card Payments\n"
        + "INC5,New,0,6/1/2021 08:00,?,?,Card Payments\n"
    )

    totals, rejects = import_log(system, log, "bank", "--create-services")

    with rejects.open(newline="") as stream:
        rejected = [(row["reject_line"], row["number"]) for row in csv.DictReader(stream)]
    assert totals.pop("created_services")[0] == "card-payments"
    assert totals == {
        "source": "bank", "rows": 6, "accepted": 4, "rejected": 2, "incidents": 3,
        "unattributed": 1,
    }  # fmt: skip
    assert rejected == [("6", "INC4"), ("7", "INC5")]


def test_two_names_with_one_slug_are_two_services(system: System, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    rows = [
        f"INC{number},Closed,0,4/1/2022 12:00,4/1/2022 08:00,4/1/2022 {hour}:00,{name}\n"
        for number, (hour, name) in enumerate([(10, "Loans EU"), (9, "Loans/EU"), (12, "LOANS EU")])
    ]
    log.write_text(HEADER + "".join(rows))

    created = import_log(system, log, "loans", "--create-services")[0]["created_services"]
    again = import_log(system, log, "loans", "--create-services")[0]["created_services"]

    report = system.get(
        "metrics", "/v1/reports/performance", kpi="mttr", periods="2022", portfolio="imported"
    )
    figures = {
        row["service"]: (row["values"][0]["count"], row["values"][0]["value"])
        for row in report["rows"]
        if row["service"] in created
    }
    assert len(created) == 2
    assert again == []
    assert created[0] == "loans-eu"
    assert figures == {created[0]: (2, 3.0), created[1]: (1, 1.0)}


def test_a_name_of_another_source_joins_the_service_of_that_name(
    system: System, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(HEADER + "INC1,New,0,4/1/2021 08:00,4/1/2021 08:00,?,Trade Desk\n")

    first = import_log(system, log, "east", "--create-services")[0]
    second = import_log(system, log, "west", "--create-services")[0]

    assert first["created_services"] == ["trade-desk"]
    assert second["created_services"] == []
    assert second["unattributed"] == 0


def test_without_create_services_unknown_names_stay_unattributed(
    system: System, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(HEADER + "INC1,New,0,4/1/2021 08:00,4/1/2021 08:00,?,Nobody knows it\n")

    totals, _ = import_log(system, log, "quiet")

    assert (totals["unattributed"], totals["created_services"]) == (1, [])


def test_a_thousand_and_more_rejections_are_all_listed(system: System, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    row = "INC{},New,0,6/1/2021 08:00,?,?,Card Payments\n"
    log.write_text(HEADER + "".join(row.format(number) for number in range(1203)))

    totals, rejects = import_log(system, log, "sloppy")

    with rejects.open(newline="") as stream:
        lines = [int(row["reject_line"]) for row in csv.DictReader(stream)]
    assert (totals["rows"], totals["accepted"], totals["rejected"]) == (1203, 0, 1203)
    assert lines == list(range(2, 1205))


def test_a_check_of_an_unknown_service_is_code_3(system: System) -> None:
    ended = system.tollgate("gate", "check", "--service", "no-such", "--gate", "to-retirement")

    assert ended.returncode == 3
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1


def test_the_demo_is_the_worked_example_and_loading_it_again_changes_nothing(
    system: System, demo: CompletedProcess[str]
) -> None:
    again = system.tollgate("demo", within=60)

    assert (demo.returncode, demo.stderr) == (0, "")
    assert (again.returncode, again.stderr) == (0, "")
    for printed in (demo.stdout, again.stdout):
        rows = [
            [cell.strip() for cell in line.strip("│ ").split("│")]
            for line in printed.splitlines()
            if "≤" in line
        ]
        assert rows == [
            ["Application Support", "6.5 h", "4.8 h", "≤ 5.0 h", "met",
             "Implemented new knowledge base for common issues"],
            ["Network Infrastructure", "3.1 h", "2.9 h", "≤ 2.5 h", "missed",
             "Initiated proactive network monitoring tool deployment"],
        ]  # fmt: skip
        assert "operate-to-improve for identity-and-access:" in printed


@pytest.mark.usefixtures("demo")
def test_a_tool_is_connected_as_the_readme_says(
    system: System, demo: CompletedProcess[str]
) -> None:
    readme = (ROOT / "services" / "metrics-api" / "README.md").read_text()
    steps = readme.partition("## Connecting a tool")[2].split("```")[1]
    for said, here in {
        "localhost:8001": system.url("catalog"),
        "localhost:8002": system.url("metrics"),
        ".venv/bin/tollgate": str(COMMAND),
        "curl ": "curl --silent --show-error --fail-with-body ",
    }.items():
        assert said in steps
        steps = steps.replace(said, here)

    ended = run(
        ["sh", "-e", "-c", steps],
        env=system.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    soon(lambda: _service_of_the_alarm(system) == "network-infrastructure", within=60)


def _service_of_the_alarm(system: System) -> str | None:
    found = system.get("metrics", "/v1/incidents", source="alarms")["items"]
    return found[0]["service"] if found else None


def test_the_report_of_the_demo_is_exact(system: System) -> None:
    ended = system.tollgate(
        "report", "performance", "--kpi", "mttr", "--periods", "2025-Q1,2025-Q2",
        "--portfolio", "it-operations", "--format", "json",
    )  # fmt: skip

    rows = json.loads(ended.stdout)["rows"]
    assert [[value["value"] for value in row["values"]] for row in rows] == [[6.5, 4.8], [3.1, 2.9]]
    assert [row["target"] for row in rows] == [
        {"comparator": "lte", "value": 5.0},
        {"comparator": "lte", "value": 2.5},
    ]
    assert [row["met"] for row in rows] == [True, False]


def test_a_report_of_no_service_says_so(system: System) -> None:
    ended = system.tollgate(
        "report", "performance", "--periods", "2025-Q1", "--portfolio", "it-opertions"
    )

    assert ended.returncode == 0
    assert "knows no service of a portfolio it-opertions" in ended.stderr


@pytest.mark.usefixtures("demo")
def test_the_exit_code_is_that_of_the_verdict(system: System) -> None:
    ended = system.tollgate(
        "gate", "check", "--service", "printing", "--gate", "operate-to-improve",
        "--format", "json",
    )  # fmt: skip

    evaluation = json.loads(ended.stdout)
    codes = {"pass": 0, "fail": 1, "warning": 2, "inconclusive": 2, "error": 3}
    assert ended.returncode == codes[evaluation["verdict"]] == evaluation["exit_code"]
