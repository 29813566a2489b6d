"""Publishing versions of gates, and the defaults at the first start."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache

from improvement_api.facts.queries import known_facts
from improvement_api.facts.rules import Heard, UsedFact, usable
from improvement_api.facts.sheets import OWN_FACTS
from improvement_api.gates.defaults import DEFAULTS, FACTS_OF_DEFAULTS
from improvement_api.gates.queries import (
    StoredVersion,
    every_version,
    insert_version,
    lock_gate,
    newest_numbers,
)
from improvement_api.gates.rules import (
    CRITERIA,
    MAX_AGE_HOURS,
    USED_FACTS,
    Criterion,
    DefinitionProblem,
    GateDefinition,
    pin_facts,
)
from improvement_api.gates.schemas import GateVersionCreate, ProposedGate
from improvement_api.gates.tables import GateVersion
from shared.errors import Invalid
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.improvement import Gate

LOADED_BY = "tollgate"


async def publish_version(
    session: Session, gate: Gate, body: GateVersionCreate, caller: Principal
) -> GateVersion:
    """Add the next version of a gate; 422 names each expression that cannot be, and where."""
    facts = await _pin(session, body.criteria, {})
    await lock_gate(session, gate)
    before = (await newest_numbers(session)).get(gate, 0)
    row = await _insert(session, gate, before + 1, body, facts, caller.person)
    assert row is not None, "publications of a gate wait for each other"
    after = body.model_dump(mode="json") | {"version": row.version}
    await record(
        session, caller, "published", ("gate", gate), {"version": before} if before else None, after
    )
    return row


async def propose(session: Session, gate: Gate, body: ProposedGate, heard: Heard) -> GateDefinition:
    """A definition that is checked as a version would be, and kept nowhere; its version is 0."""
    return GateDefinition(
        gate=gate,
        version=0,
        criteria=body.criteria,
        facts=await _pin(session, body.criteria, heard),
        max_age=timedelta(hours=MAX_AGE_HOURS),
        pass_threshold=body.pass_threshold,
        warning_threshold=body.warning_threshold,
        decided_by=None,
    )


async def _pin(
    session: Session, criteria: Sequence[Criterion], heard: Heard
) -> dict[str, list[UsedFact]]:
    """The facts of criteria, by what the owners told last; 422 names each fault and its place."""
    fresh = [fact for facts in heard.values() for fact in facts]
    known = usable([*(await known_facts(session)).values(), *fresh, *OWN_FACTS])
    try:
        return pin_facts(criteria, known)
    except DefinitionProblem as problem:
        raise Invalid(str(problem), code="bad_definition", errors=problem.fields) from problem


async def load_defaults(session: Session) -> None:
    """Put the default of each gate in force where nobody has published a version of their own.

    A gate whose newest version is an older default gets the present one as its next version.
    Harmless when repeated, also by several processes at once. A default that was in force before
    is not brought back, so that two releases that run side by side do not take turns.
    """
    versions = await every_version(session)
    for gate, body in DEFAULTS.items():
        if _takes(versions.get(gate, ()), body):
            await lock_gate(session, gate)
            versions = await every_version(session)  # what is there now that we have waited
            if _takes(versions.get(gate, ()), body):
                facts = _facts_of_default(gate)
                before = (await newest_numbers(session)).get(gate, 0)
                await _insert(session, gate, before + 1, body, facts, LOADED_BY)


@cache
def _facts_of_default(gate: Gate) -> Mapping[str, list[UsedFact]]:
    """Compiled once a process: that costs more than all else of a start."""
    return pin_facts(DEFAULTS[gate].criteria, FACTS_OF_DEFAULTS)


def _takes(versions: Iterable[GateVersion], body: GateVersionCreate) -> bool:
    """Whether a gate with these versions takes this default as its next."""
    return not any(row.published_by != LOADED_BY or is_same(row, body) for row in versions)


def is_same(row: StoredVersion, body: GateVersionCreate) -> bool:
    """Whether a version asks and demands what a body does, whatever its reason."""
    return (
        row.criteria == CRITERIA.dump_python(body.criteria, mode="json")
        and row.max_age_hours == body.max_age_hours
        and row.pass_threshold == body.pass_threshold
        and row.warning_threshold == body.warning_threshold
        and (row.decided_by, row.board, row.waived_by)
        == (body.decided_by, body.board, body.waived_by)
    )


async def _insert(
    session: Session,
    gate: Gate,
    version: int,
    body: GateVersionCreate,
    facts: Mapping[str, list[UsedFact]],
    published_by: str,
) -> GateVersion | None:
    return await insert_version(
        session,
        {
            "gate": gate,
            "version": version,
            "criteria": CRITERIA.dump_python(body.criteria, mode="json"),
            "facts": USED_FACTS.dump_python(dict(facts), mode="json"),
            "max_age_hours": body.max_age_hours,
            "pass_threshold": body.pass_threshold,
            "warning_threshold": body.warning_threshold,
            "decided_by": body.decided_by,
            "board": body.board,
            "waived_by": body.waived_by,
            "reason": body.reason,
            "published_at": now(),
            "published_by": published_by,
        },
    )
