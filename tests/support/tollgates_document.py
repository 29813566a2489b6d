"""docs/tollgates.md, made from the default gates: `python -m tests.support.tollgates_document`."""

from collections.abc import Iterator
from pathlib import Path

from improvement_api.embedding.rules import EMBEDDINGS
from improvement_api.gates.defaults import ASKED, DEFAULTS
from improvement_api.gates.defaults.making import title_of
from improvement_api.gates.rules import (
    AutomatedCriterion,
    Criterion,
    EvidenceCriterion,
    stages_of,
)
from shared.schemas.improvement import Gate
from shared.schemas.processes import Process
from tests.support.compliance import EXEMPTING, definition_of

FILE = Path(__file__).parents[2] / "docs" / "tollgates.md"
_HEAD = """# The default tollgates

Made from the code by `python -m tests.support.tollgates_document`; a test fails when it is not as
the code says. People change gates by publishing versions: `POST /v1/gates/{gate}/versions`. A start
puts a newer default in force only where nobody has published a version of their own;
`GET /v1/gates/{gate}/default` shows it everywhere.

A required criterion that fails closes the gate. An advisory one weighs 0.2: one that is missing
leaves a pass, many make it a warning. Within a gate no two criteria demand the same fact, so that
what is missing turns exactly one of them.

## Ten processes

| Process | Gates | Automated facts | Embedding: numerator / denominator | Outcome KPI |
|---|---|---|---|---|
"""


def facts_of(process: Process) -> list[str]:
    """The facts that the gates ask of a process, without those that only exempt."""
    return sorted(
        {
            fact.name
            for gate, asked in ASKED.items()
            for one in asked
            if one.process is process
            for fact in definition_of(gate).facts.get(one.criterion.id, ())
        }
        - EXEMPTING.keys()
    )


def document() -> str:
    return _HEAD + "".join(_rows()) + "".join(_gate(gate) for gate in Gate)


def _rows() -> Iterator[str]:
    for embedding in EMBEDDINGS:
        process = embedding.process
        gates = [
            gate.value for gate, asked in ASKED.items() if any(a.process is process for a in asked)
        ]
        facts = ", ".join(f"`{name}`" for name in facts_of(process))
        formula = embedding.formula.replace("|", "\\|")
        yield (
            f"| {title_of(process)} | {', '.join(gates)} | {facts} | {formula}"
            f" | `{embedding.outcome.value}` |\n"
        )


def _gate(gate: Gate) -> str:
    body = DEFAULTS[gate]
    from_stages, to_stage = stages_of(gate)
    stages = ", ".join(sorted(stage.value for stage in from_stages))
    lines = [
        f"\n## {gate.value}\n\n",
        f"From {stages} to {to_stage.value}; decided by the role `{body.decided_by}`; an evaluation"
        f" is good for {body.max_age_hours} h.\n",
    ]
    return "".join(lines) + "".join(_criterion(criterion) for criterion in body.criteria)


def _criterion(criterion: Criterion) -> str:
    weight = "required" if criterion.required else f"advisory, weight {criterion.weight}"
    return (
        f"\n### {criterion.title}\n\n"
        f"`{criterion.id}`, {weight}. {_asked(criterion)}\n\n"
        f"- Why: {criterion.why}\n- How: {criterion.how}\n"
    )


def _asked(criterion: Criterion) -> str:
    if isinstance(criterion, AutomatedCriterion):
        warning = f", a warning where `{criterion.warning}`" if criterion.warning else ""
        age = f" Not older than {criterion.freshness_hours} h." if criterion.freshness_hours else ""
        return (
            f"Passes where `{criterion.expression}`{warning}."
            f" Without a value: {criterion.missing.value}.{age}"
        )
    if isinstance(criterion, EvidenceCriterion):
        age = f", not older than {criterion.freshness_hours} h" if criterion.freshness_hours else ""
        return f"Document: {criterion.document}{age}."
    return f"Signatures of the role `{criterion.role}`: {criterion.signatures}."


if __name__ == "__main__":
    FILE.write_text(document())
