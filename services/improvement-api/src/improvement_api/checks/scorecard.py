"""The scorecard of a service: what stands at each gate, and what to do for the next one."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from improvement_api.checks.schemas import Scorecard, ScorecardCriterion, ScorecardGate
from improvement_api.evaluations.queries import ReadEvaluation
from improvement_api.gates.rules import GateDefinition, stages_of
from improvement_api.signatures.queries import signature_out
from shared.kit.pages import template_of
from shared.schemas.catalog import ServiceSummary, Stage
from shared.schemas.improvement import Gate, SignatureOut


def scorecard_of(
    service: tuple[str, ServiceSummary | None],
    definitions: Mapping[Gate, GateDefinition],
    standing: Mapping[Gate, ReadEvaluation],
    made_at: datetime,
) -> Scorecard:
    """`service` is its key and what the catalog says of it; `definitions` are those in force."""
    key, known = service
    stage = None if known is None else known.stage
    return Scorecard(
        service=key,
        name=None if known is None else known.name,
        stage=stage,
        made_at=made_at,
        gates=[
            _gate_out(definitions[gate], standing.get(gate), stage)
            for gate in Gate
            if gate in definitions
        ],
    )


def scorecard_page(scorecard: Scorecard) -> str:
    """The whole page, to look at and print; keep it off the event loop."""
    return template_of("improvement_api.checks", "scorecard.html").render(card=scorecard)


def gate_page(definition: GateDefinition, meanings: Mapping[str, str], about: str) -> str:
    """A gate to read as a document; `meanings` are those of the facts it asks for, by name."""
    from_stages, to_stage = stages_of(definition.gate)
    return template_of("improvement_api.checks", "gate.html").render(
        gate=definition,
        from_stages=sorted(from_stages),
        to_stage=to_stage,
        meanings=meanings,
        about=about,
    )


def _gate_out(
    newest: GateDefinition, read: ReadEvaluation | None, stage: Stage | None
) -> ScorecardGate:
    from_stages, to_stage = stages_of(newest.gate)
    definition = newest if read is None else read.definition
    score = None if read is None else read.assessment.score
    return ScorecardGate(
        gate=newest.gate,
        gate_version=definition.version,
        newest_version=newest.version,
        from_stages=sorted(from_stages),
        to_stage=to_stage,
        ahead=None if stage is None else stage in from_stages,
        decided_by=definition.decided_by,
        board=definition.board,
        evaluation=None if read is None else str(read.row.id),
        verdict=None if read is None else read.assessment.verdict,
        score=None if score is None else float(score),
        standing=None if read is None else read.standing,
        evaluated_at=None if read is None else read.row.evaluated_at,
        evaluated_by=None if read is None else read.row.on_behalf_of or read.row.evaluated_by,
        expires_at=None if read is None else read.expires_at,
        criteria=_criteria_out(definition, read),
    )


def _criteria_out(
    definition: GateDefinition, read: ReadEvaluation | None
) -> list[ScorecardCriterion]:
    results = {} if read is None else read.assessment.results
    signatures: dict[str, list[SignatureOut]] = defaultdict(list)
    if read is not None:
        for given in read.signatures:
            shown = signature_out(given, read.as_of)
            signatures[shown.criterion].append(shown)
    return [
        ScorecardCriterion(
            id=criterion.id,
            kind=criterion.kind,
            title=criterion.title,
            required=criterion.required,
            weight=float(criterion.weight),
            why=criterion.why,
            how=criterion.how,
            outcome=results[criterion.id].outcome if criterion.id in results else None,
            reason=results[criterion.id].reason if criterion.id in results else None,
            facts=dict(results[criterion.id].facts) if criterion.id in results else {},
            signatures=signatures[criterion.id],
            waiver=results[criterion.id].waiver if criterion.id in results else None,
        )
        for criterion in definition.criteria
    ]
