"""Gates and their versions over HTTP."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response

from improvement_api.facts.queries import remember_facts
from improvement_api.gates.actions import is_same, publish_version
from improvement_api.gates.defaults import DEFAULTS
from improvement_api.gates.queries import (
    StoredVersion,
    current_version,
    definition_of,
    get_version,
    list_current_versions,
    list_versions,
)
from improvement_api.gates.rules import Criterion, stages_of
from improvement_api.gates.schemas import CriterionOut, GateDefault, GateOut, GateVersionCreate
from improvement_api.providers import AskedCatalogs, Remotes, check_board
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page
from shared.schemas.improvement import Gate

router = Router(prefix="/v1/gates", tags=["gates"])

GatesRead = Annotated[Principal, requires("gates:read")]
GatesWrite = Annotated[Principal, requires("gates:write")]
Version = Annotated[int, Path(ge=1, lt=2**31)]


async def _with_known_board(body: GateVersionCreate, providers: Remotes) -> GateVersionCreate:
    """The body, whose board the catalog was asked for before the first word to the database."""
    if body.board is not None:
        await check_board(providers, body.board, "/board")
    return body


CheckedVersion = Annotated[GateVersionCreate, Depends(_with_known_board)]


@router.get("", operation_id="list_gates")
async def list_gates(caller: GatesRead, session: Session, page: PageQuery) -> Page[GateOut]:
    """The six gates in force, with why each criterion is asked and how to satisfy it."""
    rows = await list_current_versions(session, page)
    shown = page_of(rows, page, key=lambda row: (row.gate.value,))
    items = [_out(row) for row in shown["items"]]
    return Page[GateOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/{gate}", operation_id="get_gate", responses={**tells_etag(), **problem_responses(404)}
)
async def get_gate(gate: Gate, caller: GatesRead, session: Session, response: Response) -> GateOut:
    """The version of a gate that is in force."""
    row = await current_version(session, gate)
    set_etag(response, row.version)
    return _out(row)


@router.get("/{gate}/default", operation_id="get_gate_default", responses=problem_responses(404))
async def get_gate_default(gate: Gate, caller: GatesRead, session: Session) -> GateDefault:
    """The default that this release comes with, to compare and to publish.

    A start puts it in force only where nobody has published a version of their own.
    """
    body = DEFAULTS[gate]
    return GateDefault(
        gate=gate,
        in_force=is_same(await current_version(session, gate), body),
        definition=body.model_dump(mode="json", exclude_none=True),
    )


@router.post(
    "/{gate}/versions",
    status_code=201,
    operation_id="publish_gate_version",
    responses=problem_responses(404, 409, 503),
)
async def publish_gate_version(
    gate: Gate,
    caller: GatesWrite,
    body: CheckedVersion,
    heard: AskedCatalogs,
    session: Session,
    response: Response,
    _: Idempotent,
) -> GateOut:
    """Publish the next version, in force for every evaluation from now on.

    Expressions are compiled here: what is wrong is told with its line and column. A board is looked
    up in the catalog.
    """
    await remember_facts(session, heard, now())
    row = await publish_version(session, gate, body, caller)
    response.headers["Location"] = f"/v1/gates/{gate}/versions/{row.version}"
    set_etag(response, row.version)
    return _out(row)


@router.get("/{gate}/versions", operation_id="list_gate_versions", responses=problem_responses(404))
async def list_gate_versions(
    gate: Gate, caller: GatesRead, session: Session, page: PageQuery
) -> Page[GateOut]:
    """Every version of a gate, newest first."""
    rows = await list_versions(session, gate, page)
    shown = page_of(rows, page, key=lambda row: (row.version,))
    items = [_out(row) for row in shown["items"]]
    return Page[GateOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/{gate}/versions/{version}",
    operation_id="get_gate_version",
    responses=problem_responses(404),
)
async def get_gate_version(
    gate: Gate, version: Version, caller: GatesRead, session: Session, response: Response
) -> GateOut:
    """One version of a gate; it never changes."""
    set_etag(response, version)
    return _out(await get_version(session, gate, version))


def _out(row: StoredVersion) -> GateOut:
    definition = definition_of(row)
    from_stages, to_stage = stages_of(row.gate)
    return GateOut(
        gate=row.gate,
        version=row.version,
        from_stages=sorted(from_stages),
        to_stage=to_stage,
        criteria=[
            _criterion_out(criterion, definition.facts.get(criterion.id))
            for criterion in definition.criteria
        ],
        max_age_hours=row.max_age_hours,
        pass_threshold=float(row.pass_threshold),
        warning_threshold=float(row.warning_threshold),
        decided_by=row.decided_by,
        board=row.board,
        waived_by=definition.waiver_role,
        reason=row.reason,
        published_at=row.published_at,
        published_by=row.published_by,
    )


def _criterion_out(criterion: Criterion, facts: Any) -> CriterionOut:
    every_field = dict.fromkeys(CriterionOut.model_fields)
    names = None if facts is None else [fact.name for fact in facts]
    return CriterionOut.model_validate(every_field | criterion.model_dump() | {"facts": names})
