"""Updates as they are sent: what is accepted, refused and kept."""

import json
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.incidents.updates import Update, accept, decode
from metrics_api.intake.updates import Refused, find_source
from metrics_api.sources.rules import SourceRules

STAMP = "2026-03-01T08:00:00Z"


def source(**changes: Any) -> SourceRules:
    known: dict[str, Any] = {"id": 1, "key": "desk", "active": True, "replaces": True}
    return SourceRules(**known | {"timezone": None, "states": {}, "priorities": {}} | changes)


def read(by: SourceRules | None = None, **fields: Any) -> Update:
    sent = {"external_id": "1", "updated_at": STAMP, "opened_at": STAMP} | fields
    return accept(decode(json.dumps(sent).encode()), by or source())


def test_the_same_moment_in_another_zone_is_the_same_update() -> None:
    assert read().digest == read(updated_at="2026-03-01T09:00:00+01:00").digest


def test_the_order_of_fields_and_the_source_named_do_not_matter() -> None:
    reordered = json.dumps({"opened_at": STAMP, "updated_at": STAMP, "external_id": "1"})

    assert accept(decode(reordered.encode()), source()).digest == read(source="desk").digest


def test_null_differs_from_missing() -> None:
    assert read().digest != read(resolved_at=None).digest
    assert b"resolved_at" not in read().payload


def test_the_hour_that_occurs_twice_is_its_first_occurrence() -> None:
    update = read(source(timezone=ZoneInfo("Europe/Berlin")), opened_at="2026-10-25T02:30:00")

    assert b'"opened_at":"2026-10-25T00:30:00Z"' in update.payload


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b"[]", ""),
        (b'"text"', ""),
        (b"{}", "/external_id"),
        (b'{"external_id": "1", "a/b~c": 1}', "/a~1b~0c"),
        (b'{"external_id": "1", "extra": {"a": [1e999]}}', "/extra"),
        (b'{"external_id": "1", "\\u0000": 1}', "/\ufffd"),
        (b'{"external_id": "1", "title": "\\u0000"}', "/title"),
        (b'{"external_id": "1", "extra": {"\\u0000": 1}}', "/extra"),
        (b'{"external_id": "1", "extra": ' + b'{"a":' * 9999 + b"1" + b"}" * 9999 + b"}", "/extra"),
    ],
)
def test_a_refusal_points_at_the_field(raw: bytes, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(raw)

    assert (refused.value.pointer, refused.value.syntax) == (pointer, False)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"external_id": "\\ud800"}', b"{]}", b"NaN"])
def test_what_is_no_json_is_a_fault_of_syntax(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        decode(raw)

    assert refused.value.syntax


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert decode(b'{"external_id": "1", "title": "\\\\u0000"}').title == "\\u0000"


def test_an_update_without_any_stamp_cannot_be_placed() -> None:
    with pytest.raises(Refused, match="no stamp"):
        read(source(replaces=False), updated_at=None, opened_at=None)


def test_a_key_is_bound_to_its_source() -> None:
    sources = {"desk": source(), "other": source(id=2, key="other")}
    named = decode(b'{"external_id": "1", "source": "other"}')
    unnamed = decode(b'{"external_id": "1"}')

    assert find_source(unnamed, sources, "desk").key == "desk"
    assert find_source(named, sources, None).key == "other"
    for fields, bound_to in ((named, "desk"), (unnamed, None)):
        with pytest.raises(Refused):
            find_source(fields, sources, bound_to)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(deadline=None)
def test_no_bytes_do_worse_than_a_refusal(raw: bytes) -> None:
    with suppress(Refused):
        accept(decode(raw), source())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["version", "state", "service", "priority", "updated_at", "resolved_at", "extra", "major"]


@given(st.dictionaries(st.sampled_from(FIELDS), json_values))
@settings(deadline=None)
def test_no_value_of_a_field_does_worse_than_a_refusal(fields: dict[str, Any]) -> None:
    with suppress(Refused):
        assert b"\\u0000" not in read(**fields).payload.replace(b"\\\\", b"")
