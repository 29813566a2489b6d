"""Which JSON Schemas are a request form, and which answers fit it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.offerings.forms import MAX_DEPTH, answer_errors, form_errors

OBJECT = {"type": "object"}
FORM = {
    "type": "object",
    "properties": {
        "when": {"type": "string", "format": "date"},
        "size": {"enum": ["s", "m"]},
        "a/b": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        "address": {"$ref": "#/$defs/address"},
    },
    "required": ["size"],
    "additionalProperties": False,
    "$defs": {"address": {"type": "object", "properties": {"zip": {"pattern": "^[0-9]{4}$"}}}},
}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


def chain(length: int, width: int) -> dict[str, Any]:
    """Parts that each refer to the next one so many times."""
    parts: dict[str, Any] = {
        f"n{place}": {"allOf": [{"$ref": f"#/$defs/n{place + 1}"}] * width}
        for place in range(length)
    }
    return {**OBJECT, "$ref": "#/$defs/n0", "$defs": {**parts, f"n{length}": {}}}


def test_a_form_of_many_keywords_is_accepted() -> None:
    assert form_errors(FORM) == []


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({}, "/type"),
        ({"type": "array"}, "/type"),
        ({**OBJECT, "properties": {"a": {"type": "strin"}}}, "/properties/a/type"),
        ({**OBJECT, "properties": {"a~/b": {"minLength": -1}}}, "/properties/a~0~1b/minLength"),
        ({**OBJECT, "required": "a"}, "/required"),
        ({**OBJECT, "properties": {"a": {"pattern": "("}}}, "/properties/a/pattern"),
        ({**OBJECT, "properties": {"a": {"pattern": "(?=a)b"}}}, "/properties/a/pattern"),
        ({**OBJECT, "$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({**OBJECT, "$ref": "https://example.org/form.json"}, "/$ref"),
        ({**OBJECT, "$ref": "file:///etc/passwd"}, "/$ref"),
        ({**OBJECT, "$ref": "other.json"}, "/$ref"),
        ({**OBJECT, "$ref": "#/$defs/nothing"}, "/$ref"),
        ({**OBJECT, "$ref": "#"}, "/$ref"),
        ({**OBJECT, "items": {"$dynamicRef": "https://example.org/x"}}, "/items/$dynamicRef"),
        ({**OBJECT, "properties": {"a": {"$id": "https://example.org"}}}, "/properties/a/$id"),
        ({**OBJECT, "title": "x" * 70_000}, ""),
        ({**OBJECT, "title": "a\x00b"}, "/title"),
        ({**OBJECT, "title": "\ud800"}, "/title"),
        ({**OBJECT, "default": float("inf")}, "/default"),
        ({**OBJECT, "default": 2**53 + 1}, "/default"),
        ({**OBJECT, "default": {"\x00": 1}}, "/default"),
        (OBJECT | nested(MAX_DEPTH + 1), "/not" * (MAX_DEPTH + 1)),
        (chain(15, 2), ""),
        (chain(30, 1), "/$defs/n21"),
        ({**OBJECT, "properties": {f"p{n}": {"pattern": "a"} for n in range(201)}}, ""),
    ],
)
def test_what_is_no_form_is_refused_with_a_pointer_into_it(
    form: dict[str, Any], pointer: str
) -> None:
    assert form_errors(form)[0].pointer == pointer


@pytest.mark.parametrize(
    "parts",
    [
        {"a": {"$ref": "#/$defs/a"}},
        {"a": {"properties": {"x": {"$ref": "#/$defs/b"}}}, "b": {"items": {"$ref": "#/$defs/a"}}},
    ],
)
def test_a_form_does_not_lead_back_to_itself(parts: dict[str, Any]) -> None:
    (error,) = form_errors({**OBJECT, "$defs": parts})

    assert error.pointer == "/$defs/a"


def test_a_field_may_be_called_like_a_keyword() -> None:
    fields = {"$ref": {"type": "string"}, "$id": {"type": "string"}, "$defs": True}

    assert form_errors({**OBJECT, "properties": fields}) == []


def test_every_malformed_part_is_named() -> None:
    form = {**OBJECT, "properties": {"a": {"minLength": -1}, "b": {"minimum": "x"}}}

    assert {error.pointer for error in form_errors(form)} == {
        "/properties/a/minLength",
        "/properties/b/minimum",
    }


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"size": "s"}, []),
        ({"size": "s", "when": "2026-03-01", "a/b": [1], "address": {"zip": "8000"}}, []),
        ({}, [("/size", "required")]),
        ({"size": "xl"}, [("/size", "enum")]),
        ({"size": "s", "when": "soon"}, [("/when", "format")]),
        ({"size": "s", "a/b": [1, "x"]}, [("/a~1b/1", "type")]),
        ({"size": "s", "a/b": [1, 2, 3]}, [("/a~1b", "maxItems")]),
        ({"size": "s", "address": {"zip": "x"}}, [("/address/zip", "pattern")]),
        (
            {"size": "s", "x": 1, "y": 2},
            [("/x", "additionalProperties"), ("/y", "additionalProperties")],
        ),
        ({"size": "s\x00"}, [("/size", "not_storable")]),
        ({"size": "s", "a/b": [float("nan")]}, [("/a~1b/0", "not_storable")]),
        ({"size": "s" * 70_000}, [("", "too_large")]),
    ],
)
def test_answers_that_do_not_fit_are_pointed_at(
    answers: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    assert [(error.pointer, error.code) for error in answer_errors(FORM, answers)] == errors


def test_a_long_answer_is_not_echoed() -> None:
    (error,) = answer_errors(FORM, {"size": "x" * 10_000})

    assert len(error.detail) <= 300


def _object(made: dict[str, tuple[Any, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    form = {
        "type": "object",
        "properties": {name: schema for name, (schema, _) in made.items()},
        "required": sorted(made),
        "additionalProperties": False,
    }
    return form, {name: value for name, (_, value) in made.items()}


# A form and answers that fit it, built together.
_LEAVES = st.one_of(
    st.tuples(st.just({"type": "integer"}), st.integers(-1000, 1000)),
    st.tuples(st.just({"type": "boolean"}), st.booleans()),
    st.tuples(st.just({"type": "string", "maxLength": 9}), st.text("abc äß", max_size=9)),
    st.lists(st.integers(0, 99), min_size=1, unique=True).map(lambda v: ({"enum": v}, v[-1])),
)
_FIELDS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(st.text("ab/~", min_size=1, max_size=4), inner, max_size=3).map(_object),
        inner.map(lambda one: ({"type": "array", "items": one[0]}, [one[1], one[1]])),
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=4), _FIELDS, max_size=4).map(_object))
def test_a_form_accepts_what_was_made_for_it_and_misses_what_is_left_out(
    case: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    form, answers = case

    assert form_errors(form) == []
    assert answer_errors(form, answers) == []
    for name in answers:
        short = {key: value for key, value in answers.items() if key != name}
        assert [error.pointer for error in answer_errors(form, short)] == [f"/{name}"]
