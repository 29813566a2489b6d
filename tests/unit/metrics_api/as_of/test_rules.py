"""Which names meant a service then, and what a record was then."""

from datetime import UTC, datetime, timedelta
from typing import Any

from metrics_api.as_of.rules import (
    Receipt,
    Then,
    incident_then,
    kinds_for,
    names_that_meant,
    services_for,
    together,
)
from metrics_api.attribution.rules import Directory
from metrics_api.incidents.updates import IncidentIn, accept
from metrics_api.sources.rules import source_rules
from shared.schemas.metrics import KpiId, RecordKind

AT = datetime(2024, 3, 1, tzinfo=UTC)
DESK = source_rules(
    id=1,
    key="desk",
    active=True,
    delivery="snapshot",
    timezone=None,
    state_mapping={},
    priority_mapping={},
)
DIRECTORY = Directory(0, {"desk": DESK}, {(None, "mail"): "mail", ("desk", "post"): "mail"})


def then(pins: dict[tuple[int, str], str] | None = None) -> Then:
    return Then(DIRECTORY, DIRECTORY.knowledge(), pins or {})


def receipt(hours: float, **fields: Any) -> Receipt:
    sent = {"external_id": "I1", "opened_at": AT, "updated_at": AT, **fields}
    return Receipt(accept(IncidentIn(**sent), DESK), AT + timedelta(hours=hours))


def test_names_are_compared_as_ingest_compares_them() -> None:
    names = [(1, " Post "), (1, "MAIL"), (1, "network")]

    assert names_that_meant(DIRECTORY, names, {"mail"}) == names[:2]


def test_the_order_of_receipt_does_not_matter_but_its_times_are_kept() -> None:
    early = receipt(1, version=1, state="new", service="mail")
    late = receipt(5, version=2, state="in_progress", service="mail")

    one, other = (
        incident_then((1, "I1"), order, then()) for order in ([early, late], [late, early])
    )

    assert one == other
    assert (one.folded.state, one.folded.service, one.versions) == ("in_progress", "mail", 2)
    assert (one.first_received_at, one.last_received_at) == (early.received_at, late.received_at)


def test_an_update_kept_twice_counts_once() -> None:
    same = receipt(1, version=1, state="new")

    assert incident_then((1, "I1"), [same, same], then()).versions == 1


def test_a_pin_stands_above_the_name() -> None:
    named = receipt(1, version=1, state="new", service="mail")

    pinned = incident_then((1, "I1"), [named], then({(1, "I1"): "network"}))

    assert (pinned.pinned, pinned.folded.service) == (True, "network")


def test_kpis_of_incidents_look_at_incidents_only_and_those_of_their_services() -> None:
    assert kinds_for([KpiId.MTTR, KpiId.BACKLOG]) == (RecordKind.INCIDENT,)
    assert services_for(RecordKind.INCIDENT, [KpiId.MTTR], {"mail"}) == {"mail"}


def test_what_is_counted_across_services_is_laid_out_whole() -> None:
    asked = [KpiId.CHANGE_FAILURE_RATE]

    assert services_for(RecordKind.INCIDENT, asked, {"mail"}) is None
    assert services_for(RecordKind.CHANGE, asked, {"mail"}) == {"mail"}


def test_what_several_look_at_is_wanted_once_and_all_of_a_kind_is_most() -> None:
    incident, change = RecordKind.INCIDENT, RecordKind.CHANGE
    some = {incident: {"mail"}, change: {"mail"}}

    assert together(some, {incident: {"mail", "vpn"}}) == {
        incident: {"mail", "vpn"},
        change: {"mail"},
    }
    for both in ((some, {change: None}), ({change: None}, some)):
        assert together(*both) == {incident: {"mail"}, change: None}
    assert together() == {}
