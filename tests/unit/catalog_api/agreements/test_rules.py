"""The states of an agreement version, the one hash of its text, and who may sign."""

import json
from datetime import UTC, date, datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_api.agreements.rules import (
    MOVES,
    Review,
    Signer,
    bounds,
    check_signature,
    facts,
    is_last,
    pinned_targets,
    text_hash,
)
from shared.errors import ApiError, Conflict
from shared.kit.states import check_move
from shared.schemas.agreements import AgreementState, AgreementText, Side

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HASH = "a" * 64
POSSIBLE = {
    ("draft", "in_review"),
    ("in_review", "draft"),
    ("in_review", "signed"),
    ("signed", "active"),
    ("active", "expired"),
    ("active", "terminated"),
}


class TestMoves:
    @pytest.mark.parametrize(("state", "to"), list(product(AgreementState, AgreementState)))
    def test_every_move_from_every_state(self, state: AgreementState, to: AgreementState) -> None:
        if (state.value, to.value) in POSSIBLE:
            check_move("agreement version", MOVES, state, to)
            return

        with pytest.raises(Conflict) as caught:
            check_move("agreement version", MOVES, state, to)

        allowed = {end for start, end in POSSIBLE if start == state.value}
        assert set(caught.value.extra["allowed"]) == allowed


def text(**fields: Any) -> dict[str, Any]:
    """The text of an SLA as JSON data."""
    party = {"kind": "it", "key": None, "name": "IT", "signatories": ["ada"]}
    target = {
        "id": "availability",
        "version": 1,
        "kpi": "availability",
        "sli": None,
        "comparator": "gte",
        "value": 0.995,
        "unit": "ratio",
        "period": "month",
        "priority": None,
        "vital_activities": ["pay"],
        "objectives": [],
        "valid_from": "2026-01-01",
        "review_date": "2026-12-01",
    }
    return {
        "agreement": "mail-sla",
        "version": 1,
        "kind": "sla",
        "provider": party,
        "customer": party | {"kind": "customer", "key": "finance", "name": "Zürich · 財務"},
        "services": ["mail"],
        "vendor_products": [],
        "hours": {"calendar": "office", "calendar_version": 3},
        "priority_scheme": None,
        "targets": [target],
        "guarantees": [
            {
                "target": "availability",
                "basis": "percent",
                "currency": None,
                "tiers": [{"worse_than": 0.98, "credit": "5"}],
                "cap": "20",
            }
        ],
        "terms": "",
        "valid_from": "2026-01-01",
        "valid_to": None,
        "review_date": "2026-12-01",
    } | fields


def hash_of(layout: str) -> str:
    return text_hash(AgreementText.model_validate_json(layout))


def shuffled(value: Any, draw: st.DrawFn) -> Any:
    """The same data with the members of its objects in another order."""
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: shuffled(value[name], draw) for name in names}
    if isinstance(value, list):
        return [shuffled(item, draw) for item in value]
    return value


def spelled(number: float, style: int) -> str:
    """One number, several ways to write it."""
    return [repr(number), f"{number:.12f}", f"{number:e}", f"{number:E}".replace("E", "e")][style]


@st.composite
def layouts(draw: st.DrawFn, data: dict[str, Any]) -> str:
    """Any layout of the data: order of members, white space, escapes, spelling of numbers."""
    layout = json.dumps(
        shuffled(data, draw),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 3])),
        separators=(draw(st.sampled_from([",", " , "])), draw(st.sampled_from([":", " : "]))),
    )
    for number in (0.995, 0.98):
        layout = layout.replace(repr(number), spelled(number, draw(st.integers(0, 3))))
    return layout.replace('"IT"', draw(st.sampled_from(['"IT"', '"\\u0049T"'])))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\x00'), max_size=30)
# Paths of the text with another value for each: a change of content.
CHANGES: list[tuple[list[Any], Any]] = [
    (["agreement"], "print-sla"),
    (["version"], 2),
    (["kind"], "ola"),
    (["provider", "name"], "It"),
    (["customer", "signatories", 0], "bob"),
    (["services", 0], "print"),
    (["hours", "calendar_version"], 4),
    (["priority_scheme"], {"scheme": "standard", "scheme_version": 1}),
    (["targets", 0, "value"], 0.9951),
    (["targets", 0, "version"], 2),
    (["targets", 0, "comparator"], "gt"),
    (["guarantees", 0, "tiers", 0, "credit"], "6"),
    (["terms"], " "),
    (["valid_to"], "2027-01-01"),
]


class TestHash:
    @settings(max_examples=200, deadline=None)
    @given(st.data(), texts)
    def test_texts_that_differ_only_in_layout_have_one_hash(
        self, data: st.DataObject, terms: str
    ) -> None:
        content = text(terms=terms)

        one, other = data.draw(layouts(content)), data.draw(layouts(content))

        assert hash_of(one) == hash_of(other)

    @pytest.mark.parametrize(("path", "value"), CHANGES)
    def test_any_change_of_content_gives_another_hash(self, path: list[Any], value: Any) -> None:
        content = text()
        part: Any = content
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value

        assert hash_of(json.dumps(content)) != hash_of(json.dumps(text()))

    @settings(max_examples=200)
    @given(texts, texts)
    def test_different_terms_have_different_hashes(self, one: str, other: str) -> None:
        hashes = [hash_of(json.dumps(text(terms=terms))) for terms in (one, other)]

        assert (hashes[0] == hashes[1]) == (one == other)

    def test_the_hash_of_a_text_stays_the_same_for_ever(self) -> None:
        # Signatures stand under it: a change of this value would void every one of them.
        expected = "76757e916072d30747f6d25767dd47ace314098088267a1548e437aece771186"

        assert hash_of(json.dumps(text())) == expected


def review(**fields: Any) -> Review:
    known = {
        "state": AgreementState.IN_REVIEW,
        "text_hash": HASH,
        "signatories": {Side.PROVIDER: ["ada", "alan"], Side.CUSTOMER: ["cleo", "ada"]},
        "given": {},
        "ends_at": None,
    }
    return Review(**(known | fields))


def refusal(signer: Signer, **fields: Any) -> str:
    with pytest.raises(ApiError) as caught:
        check_signature(review(**fields), signer, NOW)
    return caught.value.code


class TestSignature:
    def test_a_signatory_who_has_read_the_text_signs(self) -> None:
        check_signature(review(), Signer("ada", Side.PROVIDER, HASH), NOW)

    @pytest.mark.parametrize(
        ("signer", "fields", "code"),
        [
            (Signer("ada", Side.PROVIDER, "b" * 64), {}, "hash_differs"),
            (Signer("eve", Side.PROVIDER, HASH), {}, "not_a_signatory"),
            (Signer("cleo", Side.PROVIDER, HASH), {}, "not_a_signatory"),
            (
                Signer("alan", Side.PROVIDER, HASH),
                {"given": {Side.PROVIDER: "ada"}},
                "side_signed",
            ),
            (Signer("ada", Side.CUSTOMER, HASH), {"given": {Side.PROVIDER: "ada"}}, "same_person"),
            (Signer("ada", Side.PROVIDER, HASH), {"ends_at": NOW}, "already_over"),
            (
                Signer("ada", Side.PROVIDER, HASH),
                {"state": AgreementState.DRAFT},
                "state_not_allowed",
            ),
        ],
    )
    def test_any_other_is_refused(self, signer: Signer, fields: dict[str, Any], code: str) -> None:
        assert refusal(signer, **fields) == code

    def test_the_second_side_completes_it(self) -> None:
        half = review(given={Side.PROVIDER: "ada"})

        assert is_last(half, Signer("cleo", Side.CUSTOMER, HASH))
        assert not is_last(review(), Signer("cleo", Side.CUSTOMER, HASH))


class TestBounds:
    def test_days_begin_where_the_hours_are_also_when_clocks_change(self) -> None:
        zurich = ZoneInfo("Europe/Zurich")

        start, end = bounds(zurich, date(2026, 3, 29), date(2026, 3, 29))

        assert start.astimezone(UTC) == datetime(2026, 3, 28, 23, tzinfo=UTC)
        assert end is not None
        assert end.astimezone(UTC) == datetime(2026, 3, 29, 22, tzinfo=UTC)

    def test_without_a_last_day_it_has_no_end(self) -> None:
        assert bounds(ZoneInfo("UTC"), date(2026, 1, 1), None)[1] is None


class TestPinnedTargets:
    def test_a_wording_counts_up_only_when_it_changes(self) -> None:
        earlier = [{"id": "a", "value": 1, "version": 4}, {"id": "b", "value": 1, "version": 4}]
        targets = [{"id": "a", "value": 1}, {"id": "b", "value": 2}, {"id": "c", "value": 3}]

        pinned = pinned_targets(targets, earlier)

        assert [one["version"] for one in pinned] == [4, 5, 1]


def in_sheet(**fields: Any) -> dict[str, Any]:
    """An active SLA as the service document has it."""
    return {
        "kind": "sla",
        "state": "active",
        "review_date": "2026-12-01",
        "ends_at": None,
        "activated_at": "2026-01-01T00:00:00+00:00",
        "targets": [{"kpi": "availability", "value": 0.99}],
        "guarantees": [],
    } | fields


def stated(*items: dict[str, Any], **section: Any) -> dict[str, Any]:
    found = facts({"items": list(items), "needed_count": 0, "uncovered": []} | section, NOW)
    return {name: fact.value for name, fact in found.items()}


class TestFacts:
    def test_a_review_is_overdue_after_its_day(self) -> None:
        found = stated(in_sheet(review_date="2026-02-28"), in_sheet(review_date="2026-03-01"))

        assert found["agreement_review_overdue_count"] == 1

    def test_what_ends_within_ninety_days_is_counted(self) -> None:
        soon = in_sheet(ends_at="2026-05-30T00:00:00+00:00")
        later = in_sheet(ends_at="2026-05-31T00:00:00+00:00")

        assert stated(soon, later, in_sheet())["agreements_expiring_within_90_days_count"] == 1

    def test_the_lowest_promise_counts_since_it_began(self) -> None:
        lower = in_sheet(
            targets=[{"kpi": "availability", "value": 0.98}],
            activated_at="2026-02-01T00:00:00+00:00",
        )

        section = {"items": [in_sheet(), lower], "needed_count": 0, "uncovered": []}

        found = facts(section, NOW)["agreed_availability"]
        assert (found.value, found.as_of) == (0.98, datetime(2026, 2, 1, tzinfo=UTC))

    def test_what_is_only_signed_promises_nothing_yet(self) -> None:
        found = stated(in_sheet(state="signed"))

        assert (found["sla_signed"], found["sla_active"]) == (True, False)
        assert (found["agreed_availability"], found["service_level_target_count"]) == (None, 0)

    def test_an_uncovered_dependency_is_told(self) -> None:
        uncovered = [{"kind": "service", "key": "network"}]

        assert stated(uncovered=uncovered)["operational_agreements_cover_dependencies"] is False
