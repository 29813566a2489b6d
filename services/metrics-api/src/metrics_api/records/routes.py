"""HTTP of records: what each kind is narrowed by, and its operations."""

from typing import Annotated

from fastapi import Depends, Query

from metrics_api.records.operations import Operations, add_operations
from metrics_api.records.queries import RecordFilter
from metrics_api.records.schemas import (
    ChangeOut,
    ChangeOutcome,
    InfrastructureEventOut,
    OutageOut,
    RequestOut,
    SurveyKind,
    SurveyOut,
)
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Timestamp
from shared.schemas.metrics import IncidentState, RecordKind

router = Router(prefix="/v1")

Moment = Annotated[Timestamp | None, Query()]
Until = Annotated[Timestamp | None, Query(description="not included")]
Flag = Annotated[bool | None, Query()]
Words = Annotated[ShortText | None, Query()]
ByKey = Annotated[Key | None, Query()]


async def of_every_kind(
    *,
    source: ByKey = None,
    external_id: Words = None,
    service: Annotated[Key | None, Query(description="key of the attributed service")] = None,
    customer: ByKey = None,
    vendor_product: ByKey = None,
    touchpoint: ByKey = None,
) -> RecordFilter:
    return RecordFilter(
        source=source,
        equal={
            "external_id": external_id,
            "service": service,
            "customer": customer,
            "vendor_product": vendor_product,
            "touchpoint": touchpoint,
        },
    )


EveryKind = Annotated[RecordFilter, Depends(of_every_kind)]
State = Annotated[IncidentState | None, Query()]


async def request_filter(
    *,
    common: EveryKind,
    state: State = None,
    offering: Words = None,
    met: Flag = None,
    low_value: Flag = None,
    opened_from: Moment = None,
    opened_to: Until = None,
    fulfilled_from: Moment = None,
    fulfilled_to: Until = None,
) -> RecordFilter:
    equal = {"state": state, "offering": offering, "met": met, "low_value": low_value}
    ranges = {
        "opened_at": (opened_from, opened_to),
        "fulfilled_at": (fulfilled_from, fulfilled_to),
    }
    return RecordFilter(common.source, {**common.equal, **equal}, ranges)


async def change_filter(
    *,
    common: EveryKind,
    state: State = None,
    outcome: Annotated[ChangeOutcome | None, Query()] = None,
    emergency: Flag = None,
    assignment_group: Words = None,
    opened_from: Moment = None,
    opened_to: Until = None,
    planned_start_from: Moment = None,
    planned_start_to: Until = None,
    completed_from: Moment = None,
    completed_to: Until = None,
) -> RecordFilter:
    equal = {
        "state": state,
        "outcome": outcome,
        "emergency": emergency,
        "assignment_group": assignment_group,
    }
    ranges = {
        "opened_at": (opened_from, opened_to),
        "planned_start_at": (planned_start_from, planned_start_to),
        "completed_at": (completed_from, completed_to),
    }
    return RecordFilter(common.source, {**common.equal, **equal}, ranges)


async def outage_filter(
    *,
    common: EveryKind,
    state: State = None,
    planned: Flag = None,
    degraded: Flag = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    caused_by: Words = None,
    started_from: Moment = None,
    started_to: Until = None,
) -> RecordFilter:
    equal = {"state": state, "planned": planned, "degraded": degraded, "caused_by": caused_by}
    ranges = {"started_at": (started_from, started_to)}
    return RecordFilter(common.source, {**common.equal, **equal}, ranges, "ended_at", is_open)


async def survey_filter(
    *,
    common: EveryKind,
    kind: Annotated[SurveyKind | None, Query()] = None,
    about: Words = None,
    sent_from: Moment = None,
    sent_to: Until = None,
    answered_from: Moment = None,
    answered_to: Until = None,
) -> RecordFilter:
    equal = {"kind": kind, "about": about}
    ranges = {"sent_at": (sent_from, sent_to), "answered_at": (answered_from, answered_to)}
    return RecordFilter(common.source, {**common.equal, **equal}, ranges)


async def infrastructure_event_filter(
    *,
    common: EveryKind,
    state: State = None,
    severity: Words = None,
    component: Words = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    occurred_from: Moment = None,
    occurred_to: Until = None,
) -> RecordFilter:
    equal = {"state": state, "severity": severity, "component": component}
    ranges = {"occurred_at": (occurred_from, occurred_to)}
    return RecordFilter(common.source, {**common.equal, **equal}, ranges, "cleared_at", is_open)


OPERATIONS = (
    Operations(RecordKind.REQUEST, "requests", RequestOut, Page[RequestOut], request_filter),
    Operations(RecordKind.CHANGE, "changes", ChangeOut, Page[ChangeOut], change_filter),
    Operations(RecordKind.OUTAGE, "outages", OutageOut, Page[OutageOut], outage_filter),
    Operations(RecordKind.SURVEY, "surveys", SurveyOut, Page[SurveyOut], survey_filter),
    Operations(
        RecordKind.INFRASTRUCTURE_EVENT,
        "infrastructure-events",
        InfrastructureEventOut,
        Page[InfrastructureEventOut],
        infrastructure_event_filter,
    ),
)
BATCH_PATHS = tuple(f"/v1/{of.path}/batch" for of in OPERATIONS)
"""They read their body themselves, without the limit of its size."""

for operations in OPERATIONS:
    add_operations(router, operations)
