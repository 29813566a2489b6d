"""`tollgate gate check`: asks for an evaluation and exits as its verdict says."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

import httpx
import typer
from pydantic import ValidationError

from shared.documents.junit import junit_xml
from shared.schemas.improvement import EvaluationOut, Gate, Outcome, Verdict
from tollgate.connection import Caller, TokenOption, call, caller_of, open_client
from tollgate.exits import CommandFailed, ExitCode

gate = typer.Typer(help="Tollgates: may this service pass?", no_args_is_help=True)


class GateFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


@gate.callback()
def _gate() -> None:
    """Tollgates: may this service pass?"""


@gate.command()
def check(
    context: typer.Context,
    service: Annotated[str, typer.Option(metavar="KEY", help="Key of the service.")],
    gate: Annotated[Gate, typer.Option(metavar="GATE", help=f"One of {', '.join(Gate)}.")],
    output: Annotated[
        GateFormat, typer.Option("--format", help="For people, programs or CI systems.")
    ] = GateFormat.TEXT,
    allow_warning: Annotated[
        bool, typer.Option("--allow-warning", help="Let the verdict `warning` pass (exit 0).")
    ] = False,
    token: TokenOption = None,
) -> ExitCode:
    """Evaluate a tollgate now and exit with the verdict that stands.

    Exit codes: 0 pass; 1 computed fail; 2 warning or inconclusive; 3 everything else.
    """
    if not service.strip():
        raise CommandFailed("--service is empty: give the key of a service")
    answer = evaluate(caller_of(context, token), service, gate)
    evaluation = read_evaluation(answer)
    if output is GateFormat.JSON:
        typer.echo(answer.text)
    elif output is GateFormat.JUNIT:
        typer.echo(junit_xml(evaluation), nl=False)
    else:
        typer.echo(reasons(evaluation))
    return exit_code(evaluation.verdict, allow_warning=allow_warning)


def evaluate(caller: Caller, service: str, gate: Gate) -> httpx.Response:
    """POST an evaluation; 201 whatever the verdict."""
    with open_client("improvement", caller) as client:
        path = f"/v1/services/{quote(service, safe='')}/gates/{gate.value}/evaluations"
        return call(client, "POST", path)


def read_evaluation(answer: httpx.Response) -> EvaluationOut:
    """The evaluation in an answer; anything that is not surely one is CommandFailed."""
    try:
        if answer.status_code == httpx.codes.CREATED:
            return EvaluationOut.model_validate_json(answer.content)
    except ValidationError:
        pass
    raise CommandFailed(
        f"{answer.request.url} answered {answer.status_code} without an evaluation:"
        " is IMPROVEMENT_URL an improvement-api of this version?"
    )


def exit_code(verdict: Verdict, *, allow_warning: bool) -> ExitCode:
    """Rules "Tollgates" 6."""
    if verdict is Verdict.PASS or (allow_warning and verdict is Verdict.WARNING):
        return ExitCode.PASSED
    if verdict is Verdict.FAIL:
        return ExitCode.FAILED
    if verdict in {Verdict.WARNING, Verdict.INCONCLUSIVE}:
        return ExitCode.UNDECIDED
    return ExitCode.OTHER


def reasons(evaluation: EvaluationOut) -> str:
    """The verdict, and of each criterion why, and what to do where it does not pass; for people."""
    score = "no score" if evaluation.score is None else f"score {evaluation.score:.2f}"
    lines = [
        f"{evaluation.gate} for {evaluation.service}: {evaluation.verdict.upper()}"
        f" ({score}, gate version {evaluation.gate_version}, {evaluation.standing})"
    ]
    for criterion in evaluation.criteria:
        need = "" if criterion.required else " (advisory)"
        lines.append(f"  {criterion.outcome:<12}  {criterion.title}{need}: {criterion.reason}")
        if criterion.outcome is not Outcome.PASS:
            lines.append(f"  {'':<12}  to do: {criterion.how}")
    lines.append(f"evaluation {evaluation.id} of {evaluation.evaluated_at:%Y-%m-%d %H:%M:%S %Z}")
    return "\n".join(lines)
