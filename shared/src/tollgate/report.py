"""`tollgate report performance`: the service performance table of the metrics-api."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from shared.schemas.metrics import Comparator, KpiId, PerformanceReport, PerformanceRow
from tollgate.connection import Caller, TokenOption, call, caller_of, open_client
from tollgate.exits import CommandFailed

REPORT = "/v1/reports/performance"
SIGNS = {Comparator.LTE: "≤", Comparator.LT: "<", Comparator.GTE: "≥", Comparator.GT: ">"}
UNITS = {"hours": "h", "ratio": ""}

report = typer.Typer(help="Reports.", no_args_is_help=True)


class ReportFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


@report.callback()
def _report() -> None:
    """Reports."""


@report.command()
def performance(  # noqa: PLR0913 - the options of the command line
    context: typer.Context,
    *,
    periods: Annotated[str, typer.Option(metavar="A,B", help="Such as 2016-Q1,2016-Q2.")],
    kpi: Annotated[
        KpiId, typer.Option(metavar="KPI", help=f"One of {', '.join(KpiId)}.")
    ] = KpiId.MTTR,
    portfolio: Annotated[str | None, typer.Option(help="Only its services.")] = None,
    timezone: Annotated[str, typer.Option(help="IANA zone of the periods.")] = "UTC",
    output: Annotated[
        ReportFormat,
        typer.Option("--format", help="For people, programs, spreadsheets or browsers."),
    ] = ReportFormat.TABLE,
    token: TokenOption = None,
) -> None:
    """Print the performance table: values per period, target, met, improvement action."""
    query = {"kpi": kpi.value, "periods": periods, "timezone": timezone, "limit": "500"}
    if portfolio is not None:
        query["portfolio"] = portfolio
    caller = caller_of(context, token)
    if output in {ReportFormat.CSV, ReportFormat.HTML}:
        _print_pages(caller, query | {"format": output.value})
        return
    full = fetch_report(caller, query)
    if output is ReportFormat.JSON:
        typer.echo(full.model_dump_json())
        return
    print_table(full)
    if not full.rows:
        of = "" if portfolio is None else f" of a portfolio {portfolio}"
        typer.echo(f"tollgate: metrics-api knows no service{of}", err=True)


def _print_pages(caller: Caller, query: dict[str, str]) -> None:
    """The pages as metrics-api made them; a CSV goes on over them under one header."""
    page = fetch_page(caller, query)
    typer.echo(page.text, nl=False)
    while "next" in page.links:
        if query["format"] != ReportFormat.CSV:
            typer.echo("tollgate: more services follow: narrow it by --portfolio", err=True)
            return
        page = fetch_page(caller, dict(httpx.URL(page.links["next"]["url"]).params))
        typer.echo(page.text.partition("\n")[2], nl=False)


def fetch_report(caller: Caller, query: Mapping[str, str]) -> PerformanceReport:
    """The report with the rows of all its pages."""
    page = _read(fetch_page(caller, query))
    rows = list(page.rows)
    while page.next_cursor is not None:
        page = _read(fetch_page(caller, {**query, "cursor": page.next_cursor}))
        rows += page.rows
    return page.model_copy(update={"rows": rows})


def fetch_page(caller: Caller, query: Mapping[str, str]) -> httpx.Response:
    with open_client("metrics", caller) as client:
        return call(client, "GET", REPORT, params=query)


def _read(answer: httpx.Response) -> PerformanceReport:
    try:
        return PerformanceReport.model_validate_json(answer.content)
    except ValidationError as error:
        raise CommandFailed(
            f"{answer.request.url} answered no report:"
            " is METRICS_URL a metrics-api of this release?"
        ) from error


def print_table(full: PerformanceReport) -> None:
    """The table for people: values rounded to two digits, all columns whatever the terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    unit = UNITS.get(full.unit, full.unit)
    table = Table("Service", title=f"{full.kpi.upper()} by service, {full.timezone}")
    for value in full.rows[0].values if full.rows else ():
        table.add_column(value.period, justify="right")
    for heading in ("Target", "Met", "Improvement action taken"):
        table.add_column(heading)
    for row in full.rows:
        table.add_row(*_cells(row, unit))
    console.print(table)


def _cells(row: PerformanceRow, unit: str) -> list[str]:
    values = ["–" if value.value is None else _figure(value.value, unit) for value in row.values]
    target = (
        "–"
        if row.target is None
        else (f"{SIGNS[row.target.comparator]} {_figure(row.target.value, unit)}")
    )
    met = {True: "met", False: "missed", None: "–"}[row.met]
    return [row.name, *values, target, met, row.improvement_action or "–"]


def _figure(value: float, unit: str) -> str:
    digits = f"{value:.2f}".rstrip("0")
    return f"{digits}0 {unit}".rstrip() if digits.endswith(".") else f"{digits} {unit}".rstrip()
