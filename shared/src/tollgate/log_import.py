"""The import of an event log: its source, its services, its rows; resumed by repeating it."""

import sys
from collections.abc import Iterator, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tollgate.connection import Caller, open_client
from tollgate.exits import CommandFailed
from tollgate.log_file import LogFile, LogLine, open_log
from tollgate.onboarding import Onboarding, onboard_names
from tollgate.pages import items_of
from tollgate.pushing import Sent, push
from tollgate.rejects import Rejects, open_rejects
from tollgate.resending import call_until_answered
from tollgate.servicenow_log import REQUIRED, LogFormat, Unmappable, incident_update


@dataclass(frozen=True)
class LogImport:
    """What to import, and on what terms."""

    path: Path
    encoding: str
    source: str
    log: LogFormat
    owner: str | None  # of the services to onboard; None onboards none
    patience: float  # seconds
    rejects: Path | None


@dataclass
class Totals:
    """What became of the rows; `rows` = `accepted` + `rejected`."""

    accepted: int = 0
    rejected: int = 0
    incidents: set[str] = field(default_factory=set)
    created_services: list[str] = field(default_factory=list)
    unattributed: int = 0


def import_log(wanted: LogImport, caller: Caller) -> Totals:
    """The whole import; the file is read twice, once for its names and once for its rows."""
    totals = Totals()
    with ExitStack() as opened:
        progress = opened.enter_context(_progress())
        metrics = opened.enter_context(open_client("metrics", caller, timeout=120))
        rows, names = _survey(wanted, progress)
        _ensure_source(metrics, wanted)
        if wanted.owner is not None:
            totals.created_services = _onboard(names, wanted.owner, wanted, caller)
            call_until_answered(metrics, "POST", "/v1/references/refresh", patience=wanted.patience)
        log = opened.enter_context(open_log(wanted.path, wanted.encoding))
        rejects = opened.enter_context(open_rejects(wanted.rejects, log.columns))
        task = progress.add_task("Importing", total=rows)
        for pushed in push(metrics, _mapped(log, wanted, rejects), wanted.patience):
            totals.accepted += len(pushed.accepted)
            totals.incidents.update(sent.update["external_id"] for sent in pushed.accepted)
            for refused in pushed.refused:
                rejects.add(refused.sent.line, refused.pointer, refused.reason, refused.sent.cells)
            progress.update(task, completed=totals.accepted + rejects.count)
        totals.rejected = rejects.count
        totals.unattributed = _count_unattributed(metrics, wanted, totals.incidents)
    typer.echo(f"Rejected rows: {totals.rejected}, listed in {rejects.path}", err=True)
    return totals


def _survey(wanted: LogImport, progress: Progress) -> tuple[int, set[str]]:
    """Rows of the file, and the service names of those that are updates."""
    names: dict[str, str | None] = {}  # by the cell that holds the name: most rows repeat one
    rows = 0
    task = progress.add_task("Reading", total=None)
    with open_log(wanted.path, wanted.encoding) as log:
        _check_columns(log.columns, wanted)
        position = log.columns.index(wanted.log.service_field)
        for line in log.lines:
            rows += 1
            if line.problem is None and line.cells[position] not in names:
                with suppress(Unmappable):
                    name = _update_of(line, log.columns, wanted)["service"]
                    names[line.cells[position]] = name
    progress.update(task, total=rows, completed=rows)
    return rows, {name for name in names.values() if name is not None}


def _mapped(log: LogFile, wanted: LogImport, rejects: Rejects) -> Iterator[Sent]:
    for line in log.lines:
        try:
            update = _update_of(line, log.columns, wanted)
        except Unmappable as problem:
            rejects.add(line.number, problem.column, problem.reason, line.cells)
        else:
            yield Sent(line.number, line.cells, {"source": wanted.source, **update})


def _update_of(line: LogLine, columns: list[str], wanted: LogImport) -> dict[str, Any]:
    if line.problem is not None:
        raise Unmappable("", line.problem)
    return incident_update(dict(zip(columns, line.cells, strict=True)), wanted.log)


def _check_columns(columns: list[str], wanted: LogImport) -> None:
    missing = [name for name in (*REQUIRED, wanted.log.service_field) if name not in columns]
    if missing:
        raise CommandFailed(
            f"{wanted.path} has no column {', '.join(missing)}:"
            " name a ServiceNow incident event log and a --service-field of it"
        )


def _ensure_source(metrics: httpx.Client, wanted: LogImport) -> None:
    """Register the source; one that is there stays as it is."""
    source = {
        "key": wanted.source,
        "name": wanted.source,
        "kind": "servicenow",
        "timezone": str(wanted.log.timezone),
    }
    call_until_answered(
        metrics,
        "POST",
        "/v1/sources",
        patience=wanted.patience,
        expecting={httpx.codes.CONFLICT},
        json=source,
    )


def _onboard(names: set[str], owner: str, wanted: LogImport, caller: Caller) -> list[str]:
    with open_client("catalog", caller) as catalog:
        return onboard_names(names, Onboarding(catalog, wanted.source, owner, wanted.patience))


def _count_unattributed(metrics: httpx.Client, wanted: LogImport, incidents: Set[str]) -> int:
    """How many of `incidents` name no service that is known; others of the source do not count."""
    query = {"kind": "incident", "source": wanted.source}
    listed = items_of(metrics, "/v1/unattributed/records", wanted.patience, query)
    return sum(item["external_id"] in incidents for item in listed)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
