"""What a gate asks: stages it joins, kinds of criteria, and what makes a definition sound."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

import rfc8785
from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from improvement_api.facts.expressions import MAX_BYTES, ExpressionError, check
from improvement_api.facts.rules import Owner, UsedFact
from shared.errors import FieldError, Invalid
from shared.schemas.catalog import Stage, Subject
from shared.schemas.common import EXACT, Key, NonBlank, ShortText, Storable, Wire
from shared.schemas.improvement import CriterionKind, Gate, MissingPolicy

PASS_THRESHOLD = Decimal("0.90")
WARNING_THRESHOLD = Decimal("0.75")
MAX_AGE_HOURS = 24

_STAGES: Mapping[Gate, tuple[frozenset[Stage], Stage]] = {
    Gate.STRATEGY_TO_DESIGN: (frozenset({Stage.STRATEGY}), Stage.DESIGN),
    Gate.DESIGN_TO_TRANSITION: (frozenset({Stage.DESIGN}), Stage.TRANSITION),
    Gate.TRANSITION_TO_OPERATE: (frozenset({Stage.TRANSITION}), Stage.OPERATE),
    Gate.OPERATE_TO_IMPROVE: (frozenset({Stage.OPERATE}), Stage.IMPROVE),
    Gate.IMPROVE_TO_OPERATE: (frozenset({Stage.IMPROVE}), Stage.OPERATE),
    Gate.TO_RETIREMENT: (frozenset(Stage) - {Stage.RETIREMENT}, Stage.RETIREMENT),
}

Weight = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=3, examples=[1]), EXACT]
Threshold = Annotated[Decimal, Field(gt=0, le=1, decimal_places=4), EXACT]
Hours = Annotated[int, Field(ge=1, le=24 * 366)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=MAX_BYTES), Storable]
Role = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=100),
    Field(description="a role of the token", examples=["service_owner"]),
]


class _Criterion(Wire):
    """What criteria of every kind have; weight is their share of the score."""

    id: Key
    title: ShortText
    why: Annotated[NonBlank, Field(description="why this is asked")]
    how: Annotated[NonBlank, Field(description="how to satisfy it")]
    required: bool = True
    weight: Weight = Decimal(1)


class _FromFacts(_Criterion):
    """Criteria that look at something dated, which may be missing or old."""

    freshness_hours: Hours | None = Field(None, description="oldest age that counts")
    missing: MissingPolicy = Field(
        MissingPolicy.FAIL, description="outcome where there is no value, or only an old one"
    )

    @model_validator(mode="after")
    def _skips_only_when_advisory(self) -> Self:
        if self.required and self.missing is MissingPolicy.SKIP:
            raise ValueError("a required criterion cannot be skipped: use fail or inconclusive")
        return self

    @property
    def freshness(self) -> timedelta | None:
        return None if self.freshness_hours is None else timedelta(hours=self.freshness_hours)


class AutomatedCriterion(_FromFacts):
    """Facts decide: `expression` true is a pass, else `warning` true a warning, else a fail."""

    kind: Literal[CriterionKind.AUTOMATED]
    expression: Annotated[Expression, Field(examples=["open_incidents <= 10"])]
    warning: Expression | None = None


class SignOffCriterion(_Criterion):
    """People decide: `signatures` (N) different holders of a role, out of those in `of` (M).

    Who holds a role is for the identity provider to say, so without `of` M is whoever has it.
    """

    kind: Literal[CriterionKind.SIGN_OFF]
    role: Role
    signatures: Annotated[int, Field(ge=1, le=100)] = 1
    of: Annotated[list[Subject], Field(min_length=1, max_length=100)] | None = Field(
        None, description="the holders who may sign; absent: every holder of the role"
    )
    signature_hours: Hours | None = Field(
        None, description="how long a signature counts; absent: as long as its evaluation"
    )

    @model_validator(mode="after")
    def _enough_to_sign(self) -> Self:
        if self.of is not None and len(set(self.of)) < len(self.of):
            raise ValueError("of names somebody twice")
        if self.of is not None and len(self.of) < self.signatures:
            raise ValueError("of names fewer people than signatures asks for")
        return self


class EvidenceCriterion(_FromFacts):
    """A document decides: one has been attached to the service at this gate."""

    kind: Literal[CriterionKind.EVIDENCE]
    document: ShortText = Field(description="which document is asked for")


Criterion = Annotated[
    AutomatedCriterion | SignOffCriterion | EvidenceCriterion, Field(discriminator="kind")
]


class DefinitionProblem(Exception):
    """The criteria cannot be saved; `fields` name each fault by its place."""

    def __init__(self, fields: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{field.pointer}: {field.detail}" for field in fields))
        self.fields = list(fields)


@dataclass(frozen=True)
class GateDefinition:
    """One immutable version of a gate; `facts` are those that each automated criterion uses.

    With a `board` its votes decide, and where `decided_by` is named too, its voters hold that role.
    """

    gate: Gate
    version: int
    criteria: Sequence[Criterion]
    facts: Mapping[str, Sequence[UsedFact]]
    max_age: timedelta
    pass_threshold: Decimal
    warning_threshold: Decimal
    decided_by: str | None
    board: str | None = None
    waived_by: str | None = None

    @cached_property
    def demands(self) -> Mapping[str, str]:
        """What each criterion demands: see demand_of."""
        return {one.id: demand_of(one) for one in self.criteria}

    @property
    def waiver_role(self) -> str | None:
        """Whose holders approve waivers at this gate; None: it has no waivers."""
        return self.waived_by or self.decided_by


CRITERIA: TypeAdapter[list[Criterion]] = TypeAdapter(list[Criterion])
USED_FACTS: TypeAdapter[dict[str, list[UsedFact]]] = TypeAdapter(dict[str, list[UsedFact]])
"""How criteria and their facts are read from, and written to, the JSON of a version."""


def stages_of(gate: Gate) -> tuple[frozenset[Stage], Stage]:
    """The stages a gate leads from, and the one it leads to."""
    return _STAGES[gate]


def names_by_owner(definition: GateDefinition) -> dict[Owner, frozenset[str]]:
    """The facts that an evaluation of this version looks at, by who has to be asked for them; an
    owner of none is absent."""
    used = {fact for facts in definition.facts.values() for fact in facts}
    return {
        owner: names
        for owner in Owner
        if (names := frozenset(fact.name for fact in used if fact.owner == owner))
    }


def demand_of(criterion: Criterion) -> str:
    """SHA-256, in hex, of what a criterion demands; how it is worded and weighed is left out."""
    told = {"title", "why", "how", "required", "weight"}
    demanded = criterion.model_dump(mode="json", exclude=told)
    return hashlib.sha256(rfc8785.dumps(demanded)).hexdigest()


def pin_facts(
    criteria: Sequence[Criterion], known: Mapping[str, UsedFact]
) -> dict[str, list[UsedFact]]:
    """The facts of each automated criterion by its id; raises DefinitionProblem with every fault.

    Type and owner are pinned, so that an evaluation needs no fact catalog and a fact that changes
    its meaning is noticed.
    """
    types = {name: fact.type for name, fact in known.items()}
    faults = _repeated_ids(criteria)
    pinned = {}
    for index, criterion in enumerate(criteria):
        if not isinstance(criterion, AutomatedCriterion):
            continue
        names: list[str] = []
        for field in ("expression", "warning"):
            source = getattr(criterion, field)
            try:
                names += check(source, types) if source is not None else []
            except ExpressionError as error:
                faults.append(_expression_fault(f"/criteria/{index}/{field}", error))
        pinned[criterion.id] = [known[name] for name in sorted(set(names))]
    if faults:
        raise DefinitionProblem(faults)
    return pinned


def evidence_criterion(criteria: Sequence[Criterion], wanted: str) -> EvidenceCriterion:
    """The evidence criterion of this id; 422 when the gate has none."""
    for criterion in criteria:
        if criterion.id == wanted and isinstance(criterion, EvidenceCriterion):
            return criterion
    asked = [one.id for one in criteria if isinstance(one, EvidenceCriterion)]
    raise Invalid(
        f"{wanted} is no evidence criterion of this gate; there are: {', '.join(asked) or 'none'}",
        code="no_evidence_criterion",
        pointer="/criterion",
    )


def _repeated_ids(criteria: Sequence[Criterion]) -> list[FieldError]:
    seen: set[str] = set()
    faults = []
    for index, criterion in enumerate(criteria):
        if criterion.id in seen:
            pointer = f"/criteria/{index}/id"
            faults.append(FieldError(pointer, f"{criterion.id} is used twice", "repeated_id"))
        seen.add(criterion.id)
    return faults


def _expression_fault(pointer: str, error: ExpressionError) -> FieldError:
    return FieldError(pointer, str(error), "bad_expression")
