"""`tollgate demo`: loads the demo, then prints its performance table and one verdict."""

import sys
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from shared.schemas.metrics import PerformanceReport
from tollgate.connection import Caller, TokenOption, caller_of, open_client, service_url
from tollgate.demo.content import GATE, GATE_SERVICE, PERIODS, WORKED_EXAMPLE, WORKED_PORTFOLIO
from tollgate.demo.load import STEPS
from tollgate.demo.making import Providers
from tollgate.gate import evaluate, read_evaluation, reasons
from tollgate.report import fetch_report, print_table

SHOWN_SERVICE = "network-infrastructure"
ACTIONS_WITHIN = 20.0  # seconds for the worker to bring the initiatives to the report


def demo(
    context: typer.Context,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day the year of incidents ends before."),
    ] = None,
    token: TokenOption = None,
) -> None:
    """Load the demo unless it is there, and print its performance table and one verdict."""
    caller = caller_of(context, token)
    if caller.token:
        typer.echo(
            "tollgate: this token is one person's: what others must sign stays open", err=True
        )
    load(caller, until.date() if until else datetime.now(UTC).date())
    print_table(_with_actions(caller))
    typer.echo(reasons(read_evaluation(evaluate(caller, GATE_SERVICE, GATE))))
    sheet = f"{service_url('catalog')}/v1/services/{SHOWN_SERVICE}/document"
    typer.echo(f"Fact sheet of a service, as JSON or (Accept: text/html) as a page: {sheet}")


def load(caller: Caller, until: date) -> None:
    """Every step of the demo; a repeated one changes nothing."""
    with ExitStack() as opened:
        providers = Providers(
            catalog=opened.enter_context(open_client("catalog", caller)),
            metrics=opened.enter_context(open_client("metrics", caller)),
            improvement=opened.enter_context(open_client("improvement", caller)),
            person=caller.person,
        )
        progress = opened.enter_context(_progress())
        task = progress.add_task("Demo", total=len(STEPS))
        for name, step in STEPS:
            progress.update(task, description=f"Demo: {name}")
            step(providers, until)
            progress.advance(task)


def _with_actions(caller: Caller) -> PerformanceReport:
    """The table, once the improvement actions have come to it by improvement-api's worker."""
    give_up_at = time.monotonic() + ACTIONS_WITHIN
    expected = {row.service: row.initiative for row in WORKED_EXAMPLE}
    query = {"kpi": "mttr", "periods": ",".join(PERIODS), "portfolio": WORKED_PORTFOLIO}
    while True:
        report = fetch_report(caller, query)
        if {row.service: row.improvement_action for row in report.rows} == expected:
            return report
        if time.monotonic() > give_up_at:
            typer.echo(
                "tollgate: the improvement actions are still on their way:"
                " is improvement-api's worker running?",
                err=True,
            )
            return report
        time.sleep(0.1)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
