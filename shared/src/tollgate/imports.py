"""`tollgate import servicenow-log`: a tool's event log into metrics-api."""

import json
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tollgate.connection import TokenOption, caller_of
from tollgate.exits import CommandFailed
from tollgate.log_import import LogImport, import_log
from tollgate.servicenow_log import LogFormat

imports = typer.Typer(help="Import records of ITSM tools.", no_args_is_help=True)


@imports.callback()
def _imports() -> None:
    """Import records of ITSM tools."""


@imports.command("servicenow-log")
def servicenow_log(  # noqa: PLR0913 - the options of the command line
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The log as CSV, or a zip that holds one CSV.")],
    *,
    source: Annotated[str, typer.Option(help="Key of the source; made if it is new.")],
    service_field: Annotated[str, typer.Option(help="Column that names the service.")],
    timezone: Annotated[str, typer.Option(help="IANA zone of the log's stamps.")],
    create_services: Annotated[
        bool, typer.Option("--create-services", help="Onboard a service for each new name.")
    ] = False,
    owner: Annotated[str, typer.Option(help="service_owner of the services made.")] = "admin",
    retry_for: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a service that is down.")
    ] = 300,
    rejects: Annotated[Path | None, typer.Option(help="File for the rejected rows.")] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of the file.")] = "utf-8-sig",
    as_json: Annotated[bool, typer.Option("--json", help="Print the totals as JSON.")] = False,
    token: TokenOption = None,
) -> None:
    """Import a ServiceNow incident event log. Importing it again changes nothing."""
    wanted = LogImport(
        path=file,
        encoding=encoding,
        source=source,
        log=LogFormat(service_field, _zone(timezone)),
        owner=owner if create_services else None,
        patience=retry_for,
        rejects=rejects,
    )
    totals = import_log(wanted, caller_of(context, token))
    summary = {
        "source": source,
        "rows": totals.accepted + totals.rejected,
        "accepted": totals.accepted,
        "rejected": totals.rejected,
        "incidents": len(totals.incidents),
        "unattributed": totals.unattributed,
        "created_services": totals.created_services,
    }
    typer.echo(json.dumps(summary) if as_json else _in_words(summary))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise CommandFailed(
            f"{name} is no time zone: say an IANA name such as UTC or Europe/Zurich"
        ) from None


def _in_words(summary: dict[str, object]) -> str:
    return "\n".join(f"{name.replace('_', ' '):<17}{value}" for name, value in summary.items())
