"""The operations that every kind of record has, under a path of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from metrics_api.incidents.schemas import TransitionOut, VersionOut
from metrics_api.intake.contract import bodies_of
from metrics_api.intake.pushes import push_many, push_one, tell_outcome
from metrics_api.records import queries
from metrics_api.records.actions import INTAKES
from metrics_api.records.examples import EXAMPLES
from metrics_api.records.kinds import KINDS
from metrics_api.records.queries import RecordFilter
from metrics_api.records.schemas import RecordOut
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText
from shared.schemas.metrics import BatchReply, RecordKind

RecordsRead = Annotated[Principal, requires("metrics:read")]
RecordsWrite = Annotated[Principal, requires("records:write")]

_FROM_SENT = {
    "customer_name": "customer",
    "type": "type",
    "raw_outcome": "outcome",
    "raw_kind": "kind",
    "raw_score": "score",
}
"""What is shown as it was sent, beside what it means."""


@dataclass(frozen=True)
class Operations:
    """What differs between the kinds: their path, reply models and filters."""

    kind: RecordKind
    path: str
    out: type[RecordOut]
    page: Any
    filters: Callable[..., Awaitable[RecordFilter]]

    @property
    def one(self) -> str:
        return self.kind.value

    @property
    def noun(self) -> str:
        return KINDS[self.kind].noun

    @property
    def many(self) -> str:
        return f"{self.kind.value}s"

    @property
    def tag(self) -> str:
        return self.path.replace("-", " ")


def add_operations(router: Router, of: Operations) -> None:
    """Push one and many, list, read one, its versions and its transitions."""
    _add_pushes(router, of)
    _add_reads(router, of)
    _add_history(router, of)


def _add_pushes(router: Router, of: Operations) -> None:
    intake, bodies = INTAKES[of.kind], bodies_of(KINDS[of.kind].fields, EXAMPLES[of.kind])

    @router.post(
        f"/{of.path}",
        status_code=201,
        operation_id=f"push_{of.one}",
        summary=f"Push one {of.noun}",
        tags=[of.tag],
        response_model=of.out,
        openapi_extra=bodies.single,
        responses={
            200: {"model": of.out, "description": "The record was known, or the update is"},
            **problem_responses(400, 403, 413, 415, 422),
        },
    )
    async def push_record(
        request: Request, response: Response, session: Session, caller: RecordsWrite
    ) -> Any:
        """Take in one update of a record: 201 for a new record, 200 for a known one.

        Sending it again is harmless, so it needs no Idempotency-Key.
        """
        taken = await push_one(request, intake, caller)
        _, source_id, external_id = taken.records[0]
        source = request.app.state.memory.directory.by_id[source_id].key
        path = f"{router.prefix}/{of.path}/{source}"
        tell_outcome(response, taken.outcomes[0], path, external_id)
        row = await queries.get_record(session, of.kind, source, external_id)
        return _shown(of, source, row)

    @router.post(
        f"/{of.path}/batch",
        operation_id=f"push_{of.many}",
        summary=f"Push many {of.noun}s",
        tags=[of.tag],
        openapi_extra=bodies.batch,
        responses=problem_responses(400, 403, 413, 415),
    )
    async def push_records(
        request: Request,
        caller: RecordsWrite,
        _encoding: Annotated[
            str | None,
            Header(alias="content-encoding", description="gzip, or absent", examples=["gzip"]),
        ] = None,
    ) -> BatchReply:
        """Take in many updates: NDJSON of any length, or a JSON array of up to 10,000.

        Rows that are not accepted are counted and listed, the others are stored, some thousand at
        a time. When the request breaks off, what was stored stays; sending it again completes it.
        """
        return await push_many(request, intake, caller)


def _add_reads(router: Router, of: Operations) -> None:
    @router.get(
        f"/{of.path}",
        operation_id=f"list_{of.many}",
        summary=f"List {of.noun}s",
        tags=[of.tag],
        response_model=of.page,
        responses=problem_responses(400),
    )
    async def list_records(
        session: Session,
        _: RecordsRead,
        wanted: Annotated[RecordFilter, Depends(of.filters)],
        page: PageQuery,
    ) -> Any:
        """End states of records, by source and id."""
        rows = await queries.list_records(session, of.kind, wanted, page)
        paged = page_of(rows, page, key=_identity)
        paged["items"] = [_shown(of, source, row) for row, source in paged["items"]]
        return paged

    @router.get(
        f"/{of.path}/{{source}}/{{external_id}}",
        operation_id=f"get_{of.one}",
        summary=f"Get one {of.noun}",
        tags=[of.tag],
        response_model=of.out,
        responses=problem_responses(404),
    )
    async def get_record(
        source: Key, external_id: ShortText, session: Session, _: RecordsRead
    ) -> Any:
        """The end state of one record."""
        row = await queries.get_record(session, of.kind, source, external_id)
        return _shown(of, source, row)


def _add_history(router: Router, of: Operations) -> None:
    one = f"/{of.path}/{{source}}/{{external_id}}"

    @router.get(
        f"{one}/versions",
        operation_id=f"list_{of.one}_versions",
        summary=f"List the versions of one {of.noun}",
        tags=[of.tag],
        responses=problem_responses(400, 404),
    )
    async def list_versions(
        source: Key, external_id: ShortText, session: Session, _: RecordsRead, page: PageQuery
    ) -> Page[VersionOut]:
        """Every update that is kept, in the order of receipt.

        Also of a record that is none any more, because all its versions are superseded.
        """
        rows = await queries.list_versions(session, of.kind, (source, external_id), page)
        return Page[VersionOut].model_validate(page_of(rows, page, key=_receipt))

    @router.get(
        f"{one}/transitions",
        operation_id=f"list_{of.one}_transitions",
        summary=f"List the transitions of one {of.noun}",
        tags=[of.tag],
        responses=problem_responses(400, 404),
    )
    async def list_transitions(
        source: Key, external_id: ShortText, session: Session, _: RecordsRead, page: PageQuery
    ) -> Page[TransitionOut]:
        """Every move from state to state, in the order of the updates that carried them."""
        record = await queries.get_record(session, of.kind, source, external_id)
        rows = await queries.list_transitions(session, of.kind, record, page)
        return Page[TransitionOut].model_validate(page_of(rows, page, key=_sequence))


def _shown(of: Operations, source: str, row: Any) -> dict[str, Any]:
    as_sent = {name: row.sent.get(field) for name, field in _FROM_SENT.items()}
    fields = {**vars(row), **as_sent, "source": source}
    return {name: fields[name] for name in of.out.model_fields}


def _identity(row: Any) -> tuple[int, str]:
    return (row[0].source_id, row[0].external_id)


def _receipt(row: Any) -> tuple[datetime, str]:
    return (row.received_at, row.digest)


def _sequence(row: Any) -> tuple[int]:
    return (row.seq,)
