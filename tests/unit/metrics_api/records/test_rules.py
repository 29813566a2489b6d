"""The end state of a record of any kind (rules.md, Records 1, 2 and 5)."""

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.attribution.rules import Directory
from metrics_api.incidents.rules import Transition
from metrics_api.records.kinds import KINDS
from metrics_api.records.rules import concluded
from metrics_api.records.updates import RecordUpdate
from metrics_api.sources.rules import CATALOG_SOURCE, SourceRules
from shared.schemas.metrics import RecordKind
from tests.support.records import EVENTS, START, at, columns, taken_in, update, updates

REQUEST, OUTAGE, SURVEY = RecordKind.REQUEST, RecordKind.OUTAGE, RecordKind.SURVEY
STATEFUL = [kind for kind in KINDS if kind is not SURVEY]
KNOWN = Directory(
    1,
    {},
    {("desk", "mail"): "e-mail"},
    vendor_products={"sap erp": "sap"},
    customers={"hr": "human-resources"},
)


class TestArrival:
    @pytest.mark.parametrize("kind", KINDS)
    @given(data=st.data())
    @settings(max_examples=25, deadline=None)
    def test_neither_its_order_nor_its_repetition_matters(
        self, kind: RecordKind, data: st.DataObject
    ) -> None:
        told = data.draw(updates(kind))
        at_once = taken_in(told)

        dealt = told + data.draw(st.lists(st.sampled_from(told), max_size=4))
        random.Random(data.draw(st.integers())).shuffle(dealt)
        cut = data.draw(st.integers(0, len(dealt)))
        arrived = taken_in(*([each] for each in dealt[:cut]), dealt[cut:])

        assert arrived == at_once
        assert arrived.versions == len({each.digest for each in told})

    @given(told=updates(OUTAGE), past=st.integers(0, 6))
    @settings(max_examples=25, deadline=None)
    def test_a_fold_goes_on_where_it_stopped(self, told: list[RecordUpdate], past: int) -> None:
        ordered = sorted({each.digest: each for each in told}.values(), key=lambda each: each.order)

        assert taken_in(ordered[:past], ordered[past:]) == taken_in(ordered)


class TestOrder:
    def test_the_version_number_decides_before_the_update_time(self) -> None:
        late = update(REQUEST, 5, version=1, state="new")

        assert columns(late, update(REQUEST, 1, version=2, state="closed"))["state"] == "closed"

    def test_a_missing_version_comes_before_every_version(self) -> None:
        first = update(REQUEST, 1, version=0, state="new")

        assert columns(first, update(REQUEST, 9, state="closed"))["state"] == "new"

    def test_without_update_times_the_latest_carried_stamp_decides(self) -> None:
        ended = update(OUTAGE, updated_at=..., state="closed", ended_at=at(2))

        folded = taken_in([ended, update(OUTAGE, updated_at=..., state="new")])

        assert folded.transitions[-1] == Transition(at(2), "new", "closed")


class TestSources:
    def test_a_snapshot_replaces_the_record(self) -> None:
        folded = columns(
            update(REQUEST, title="Laptop", priority=1, extra={"a": 1}), update(REQUEST, 1)
        )

        assert (folded["title"], folded["priority"], folded["extra"]) == (None, None, None)

    def test_an_event_sets_only_what_it_carries(self) -> None:
        folded = columns(
            update(REQUEST, by=EVENTS, title="Laptop", priority=1, extra={"a": 1, "b": 1}),
            update(REQUEST, 1, by=EVENTS, opened_at=..., priority=None, extra={"b": 2}),
        )

        assert (folded["title"], folded["priority"]) == ("Laptop", None)
        assert (folded["opened_at"], folded["extra"]) == (START, {"a": 1, "b": 2})

    @pytest.mark.parametrize("kind", STATEFUL)
    def test_an_unknown_state_is_kept_and_changes_no_state(self, kind: RecordKind) -> None:
        told = [update(kind, state="Awaiting VENDOR "), update(kind, 1, state="-100")]

        folded = columns(*told)

        assert (folded["state"], folded["raw_state"]) == ("on_hold", "-100")
        assert [move.to_state for move in taken_in(told).transitions] == ["on_hold"]

    def test_a_lasting_stamp_stays_when_a_snapshot_does_not_carry_it(self) -> None:
        folded = columns(
            update(REQUEST, 1, state="closed", fulfilled_at=at(1)),
            update(REQUEST, 9, state="closed"),
        )

        assert folded["fulfilled_at"] == at(1)

    def test_the_newest_version_that_carries_it_decides(self) -> None:
        folded = columns(
            update(REQUEST, 1, state="closed", fulfilled_at=at(1)),
            update(REQUEST, 2, state="closed", fulfilled_at=None),
            update(REQUEST, 9, state="closed"),
        )

        assert folded["fulfilled_at"] is None

    @pytest.mark.parametrize("name", ["", " ", "?", None])
    def test_an_empty_name_or_a_question_mark_names_no_service(self, name: str | None) -> None:
        assert columns(update(OUTAGE, service=name))["service_name"] is None


class TestWords:
    def test_the_directory_says_what_they_mean(self) -> None:
        told = update(OUTAGE, service=" Mail ", vendor="SAP ERP", customer=" HR")

        folded = columns(told, directory=KNOWN)

        assert (folded["service"], folded["service_name"]) == ("e-mail", "Mail")
        assert (folded["vendor"], folded["vendor_product"]) == ("SAP ERP", "sap")
        assert folded["customer"] == "human-resources"

    def test_unknown_ones_are_kept_and_mean_nothing(self) -> None:
        folded = columns(update(OUTAGE, service="VPN", vendor="Oracle", customer="Sales"))

        meant = [folded[name] for name in ("service", "vendor_product", "customer")]
        assert (meant, folded["vendor"]) == ([None] * 3, "Oracle")

    def test_a_pinned_record_stays_where_it_is(self) -> None:
        told = update(OUTAGE, service="mail")
        pinned = taken_in([told])._replace(pinned=True, service="vpn")

        assert concluded(KINDS[OUTAGE], pinned, told.source, KNOWN)["service"] == "vpn"

    def test_the_catalog_names_services_and_customers_by_their_keys(self) -> None:
        catalog = SourceRules(0, CATALOG_SOURCE, True, True, None, {}, {})
        folded = columns(update(REQUEST, by=catalog, service="vpn", customer="sales"))

        assert (folded["service"], folded["customer"]) == ("vpn", "sales")

    def test_channels_and_touchpoints_compare_without_case(self) -> None:
        folded = columns(update(SURVEY, channel="Phone ", touchpoint=" Desk"))

        assert (folded["channel"], folded["touchpoint"]) == ("phone", "desk")


class TestAnswers:
    def test_a_score_without_a_time_was_given_when_it_was_told(self) -> None:
        folded = columns(update(SURVEY), update(SURVEY, 3, kind="csat", score=4))

        assert folded["answered_at"] == at(3)

    def test_telling_the_same_score_again_does_not_move_the_answer(self) -> None:
        told = [update(SURVEY, hours, kind="csat", score=4) for hours in (3, 4)]

        assert columns(*told, update(SURVEY, 5, kind="csat", score=4))["answered_at"] == at(3)

    def test_a_changed_score_is_a_new_answer(self) -> None:
        told = [update(SURVEY, hours, kind="csat", score=hours) for hours in (3, 4)]

        assert columns(*told)["answered_at"] == at(4)

    def test_the_tools_own_time_counts(self) -> None:
        told = update(SURVEY, 3, kind="csat", score=4, answered_at=at(1))

        assert columns(told)["answered_at"] == START + timedelta(hours=1)
