"""HTTP of incidents."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response

from metrics_api.incidents import list_queries, queries, recurrence_queries
from metrics_api.incidents.actions import INTAKE
from metrics_api.incidents.contract import BODIES
from metrics_api.incidents.list_queries import IncidentFilter, IncidentOrder
from metrics_api.incidents.recurrence_queries import Fingerprint
from metrics_api.incidents.rules import FoldedIncident, StoredIncident
from metrics_api.incidents.schemas import IncidentOut, TransitionOut, VersionOut
from metrics_api.incidents.tables import Incident
from metrics_api.incidents.version_queries import list_versions
from metrics_api.intake.pushes import push_many, push_one, tell_outcome
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Storable, Timestamp
from shared.schemas.metrics import BatchReply, IncidentState, MajorIncident, Recurrences

IncidentsRead = Annotated[Principal, requires("metrics:read")]
IncidentsWrite = Annotated[Principal, requires("incidents:write")]

NAMED_RECURRENCES = 100

router = Router(prefix="/v1/incidents", tags=["incidents"])


@router.post(
    "",
    status_code=201,
    operation_id="push_incident",
    openapi_extra=BODIES.single,
    responses={
        200: {"model": IncidentOut, "description": "The incident was known, or the update is"},
        **problem_responses(400, 403, 413, 415, 422),
    },
)
async def push_incident(
    request: Request, response: Response, caller: IncidentsWrite
) -> IncidentOut:
    """Take in one update of an incident: 201 for a new incident, 200 for a known one.

    Sending it again is harmless, so it needs no Idempotency-Key.
    """
    taken = await push_one(request, INTAKE, caller)
    ((source_id, external_id), stored), *_ = taken.incidents.items()
    source = request.app.state.memory.directory.by_id[source_id].key
    tell_outcome(response, taken.outcomes[0], f"{router.prefix}/{source}", external_id)
    return _of_stored(source, external_id, stored)


@router.post(
    "/batch",
    operation_id="push_incidents",
    openapi_extra=BODIES.batch,
    responses=problem_responses(400, 403, 413, 415),
)
async def push_incidents(
    request: Request,
    caller: IncidentsWrite,
    _encoding: Annotated[
        str | None,
        Header(alias="content-encoding", description="gzip, or absent", examples=["gzip"]),
    ] = None,
) -> BatchReply:
    """Take in many updates: NDJSON of any length, or a JSON array of up to 10,000.

    Rows that are not accepted are counted and listed, the others are stored, some thousand at a
    time. When the request breaks off, what was stored stays; sending it again completes it.
    """
    return await push_many(request, INTAKE, caller)


async def incident_filter(
    *,
    source: Annotated[Key | None, Query()] = None,
    external_id: Annotated[ShortText | None, Query()] = None,
    service: Annotated[Key | None, Query(description="key of the attributed service")] = None,
    state: Annotated[IncidentState | None, Query()] = None,
    opened_from: Annotated[Timestamp | None, Query()] = None,
    opened_to: Annotated[Timestamp | None, Query(description="not included")] = None,
    resolved_from: Annotated[Timestamp | None, Query()] = None,
    resolved_to: Annotated[Timestamp | None, Query(description="not included")] = None,
    major: Annotated[bool | None, Query(description="the tool's flag, else priority 1")] = None,
    priority: Annotated[int | None, Query(ge=1, le=5)] = None,
    channel: Annotated[ShortText | None, Query(examples=["phone"])] = None,
    vendor_product: Annotated[Key | None, Query()] = None,
) -> IncidentFilter:
    return IncidentFilter(
        source=source,
        external_id=external_id,
        service=service,
        state=None if state is None else state.value,
        opened_from=opened_from,
        opened_to=opened_to,
        resolved_from=resolved_from,
        resolved_to=resolved_to,
        major=major,
        priority=priority,
        channel=channel,
        vendor_product=vendor_product,
    )


@router.get("", operation_id="list_incidents", responses=problem_responses(400))
async def list_incidents(
    session: Session,
    _: IncidentsRead,
    wanted: Annotated[IncidentFilter, Depends(incident_filter)],
    page: PageQuery,
    order: Annotated[
        IncidentOrder,
        Query(
            description="newest: by the time of opening, the latest first, without those that have"
            " none; quick for one service"
        ),
    ] = IncidentOrder.IDENTITY,
) -> Page[IncidentOut]:
    """End states of incidents, by source and id or the newest first."""
    rows = await list_queries.list_incidents(session, wanted, order, page)
    paged = page_of(rows, page, key=_newest if order is IncidentOrder.NEWEST else _identity)
    paged["items"] = [_of_row(source, row) for row, source in paged["items"]]
    return Page[IncidentOut].model_validate(paged)


@router.get("/major", operation_id="list_major_incidents", responses=problem_responses(400))
async def list_major_incidents(
    session: Session,
    _: IncidentsRead,
    page: PageQuery,
    opened_from: Annotated[Timestamp | None, Query()] = None,
) -> Page[MajorIncident]:
    """Major incidents with an opening, in short, by source and id: for whoever keeps them.

    Quick however many incidents there are, as they have an index of their own.
    """
    rows = await list_queries.list_major_incidents(session, opened_from, page)
    return Page[MajorIncident].model_validate(page_of(rows, page, key=_identity_of_columns))


@router.get("/recurrences", operation_id="find_recurrences", responses=problem_responses(422))
async def find_recurrences(
    *,
    session: Session,
    _: IncidentsRead,
    service: Annotated[Key, Query()],
    opened_from: Annotated[Timestamp, Query(description="such as when the fix was made")],
    opened_to: Annotated[
        Timestamp | None, Query(description="not included; default and at most now")
    ] = None,
    problem: Annotated[ShortText | None, Query(description="the tool's id of the problem")] = None,
    caused_by: Annotated[ShortText | None, Query(description="the tool's id of a change")] = None,
    vendor_product: Annotated[Key | None, Query()] = None,
    title: Annotated[
        str | None,
        Query(min_length=3, max_length=200, description="a phrase of the title, in any case"),
        Storable,
    ] = None,
) -> Recurrences:
    """How many incidents say that it happened again: opened then, not cancelled, and like this.

    All parts that are given must fit, and one of problem, caused_by, vendor_product and title
    must be given. The first hundred are named.
    """
    if not any((problem, caused_by, vendor_product, title)):
        raise Invalid(
            "give problem, caused_by, vendor_product or title",
            code="no_fingerprint",
            pointer="/query/problem",
        )
    at = now()
    end = at if opened_to is None else min(opened_to, at)
    wanted = Fingerprint(service, opened_from, end, problem, caused_by, vendor_product, title)
    count, rows = await recurrence_queries.find_recurrences(session, wanted, NAMED_RECURRENCES)
    return Recurrences.model_validate({"as_of": end, "count": count, "first": rows})


@router.get(
    "/{source}/{external_id}", operation_id="get_incident", responses=problem_responses(404)
)
async def get_incident(
    source: Key, external_id: ShortText, session: Session, _: IncidentsRead
) -> IncidentOut:
    """The end state of one incident."""
    return _of_row(source, await queries.get_incident(session, source, external_id))


@router.get(
    "/{source}/{external_id}/versions",
    operation_id="list_incident_versions",
    responses=problem_responses(400, 404),
)
async def list_incident_versions(
    source: Key, external_id: ShortText, session: Session, _: IncidentsRead, page: PageQuery
) -> Page[VersionOut]:
    """Every update that is kept, in the order of receipt.

    Also of an incident that is none any more, because all its versions are superseded.
    """
    rows = await list_versions(session, source, external_id, page)
    return Page[VersionOut].model_validate(page_of(rows, page, key=_receipt))


@router.get(
    "/{source}/{external_id}/transitions",
    operation_id="list_incident_transitions",
    responses=problem_responses(400, 404),
)
async def list_incident_transitions(
    source: Key, external_id: ShortText, session: Session, _: IncidentsRead, page: PageQuery
) -> Page[TransitionOut]:
    """Every move from state to state, in the order of the updates that carried them."""
    incident = await queries.get_incident(session, source, external_id)
    rows = await queries.list_transitions(session, incident, page)
    return Page[TransitionOut].model_validate(page_of(rows, page, key=_sequence))


def _identity(row: Any) -> tuple[int, str]:
    return (row[0].source_id, row[0].external_id)


def _identity_of_columns(row: Any) -> tuple[int, str]:
    return (row.source_id, row.external_id)


def _newest(row: Any) -> tuple[datetime, int, str]:
    return (row[0].opened_at, *_identity(row))


def _receipt(row: Any) -> tuple[datetime, str]:
    return (row.received_at, row.digest)


def _sequence(row: Any) -> tuple[int]:
    return (row.seq,)


def _of_row(source: str, row: Incident) -> IncidentOut:
    major = row.priority == 1 if row.major_flag is None else row.major_flag
    return IncidentOut.model_validate({**vars(row), "source": source, "major": major})


def _of_stored(source: str, external_id: str, stored: StoredIncident) -> IncidentOut:
    folded: FoldedIncident = stored.folded
    return IncidentOut.model_validate(
        {
            **stored._asdict(),
            **folded._asdict(),
            "source": source,
            "external_id": external_id,
            "major": folded.major,
        }
    )
