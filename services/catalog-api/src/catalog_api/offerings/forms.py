"""Request forms: which JSON Schemas are accepted as one, and whether answers fit it. Pure.

A form is written by one person and run against the answers of others, so what it can cost is
bounded: nothing is fetched, patterns match in linear time, and it does not refer to itself.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError, ValidationErrorKind

from shared.errors import FieldError

Form = Mapping[str, Any]
Path = tuple[str | int, ...]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_BYTES = 64 * 1024
MAX_DEPTH = 24
MAX_PARTS = 2_000
"""Schemas in a form, each counted as often as it is referred to, a pattern as ten."""
MAX_REFERENCES = 20
"""One after the other."""
MAX_ERRORS = 50
MAX_PATTERN_BYTES = 512 * 1024
"""Size of a compiled pattern."""
_MAX_INTEGER = 2**53
"""Beyond it readers of JSON disagree about the number (RFC 8259, section 6)."""

_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLES = (
    "items", "contains", "not", "if", "then", "else", "additionalProperties", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties", "contentSchema",
)  # fmt: skip
_REFUSED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "definitions")
_REFERENCE = re.compile(r"#/\$defs/([A-Za-z0-9_.-]+)")
_meta = Draft202012Validator({"$ref": DIALECT}, validate_formats=True, offline=True)


def form_errors(form: Form) -> list[FieldError]:
    """What is wrong with a request form, each with a pointer into it."""
    for check in (unkeepable, _malformed, _unusable, _bad_references, _too_large, _uncompilable):
        errors = check(form)
        if errors:
            return errors
    return []


def answer_errors(form: Form, answers: Mapping[str, Any]) -> list[FieldError]:
    """Where answers do not fit an accepted form; the code is the keyword of JSON Schema."""
    errors = unkeepable(answers)
    if errors:
        return errors
    found = islice(_validator(form).iter_errors(answers), MAX_ERRORS)
    return [field for error in found for field in _fields_of(error)]


def unkeepable(value: Any) -> list[FieldError]:
    """Why a JSON value cannot be kept: too deep, too large, texts or numbers nobody can store."""
    for path, part in _parts_of(value, ()):
        reason = _too_deep(path) or _fault_of(part)
        if reason:
            return [FieldError(pointer(path), reason, "not_storable")]
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_BYTES:
        return [FieldError("", f"has {size} bytes, more than {MAX_BYTES}", "too_large")]
    return []


def pointer(path: Path) -> str:
    """RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _parts_of(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value and member name within, but none below the first that is too deep."""
    yield path, value
    if _too_deep(path):
        return
    if isinstance(value, dict):
        for name, member in value.items():
            yield path, name
            yield from _parts_of(member, (*path, name))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _parts_of(item, (*path, position))


def _too_deep(path: Path) -> str | None:
    return f"is nested more than {MAX_DEPTH} deep" if len(path) > MAX_DEPTH else None


def _fault_of(value: Any) -> str | None:
    if isinstance(value, str):
        if "\x00" in value:
            return "must not contain NUL characters"
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            return "must not contain lone surrogates"
    elif isinstance(value, float) and not abs(value) < float("inf"):
        return "must be a finite number"
    elif isinstance(value, int) and abs(value) > _MAX_INTEGER:
        return "must be an integer of at most 2^53"
    return None


def _malformed(form: Form) -> list[FieldError]:
    """Against the meta-schema of draft 2020-12."""
    found = islice(_meta.iter_errors(form), MAX_ERRORS)
    return [FieldError(pointer(tuple(e.instance_path)), _text(e), "bad_schema") for e in found]


def _unusable(form: Form) -> list[FieldError]:
    """What JSON Schema allows and a request form does not."""
    errors = []
    if form.get("type") != "object":
        errors.append(FieldError("/type", "a form describes an object: type object", "bad_schema"))
    if form.get("$schema", DIALECT).rstrip("#") != DIALECT:
        errors.append(FieldError("/$schema", f"forms are written in {DIALECT}", "bad_schema"))
    for path, schema in _schemas(form, ()):
        for keyword in _REFUSED:
            if keyword in schema:
                reason = f"{keyword} is not for forms: put shared parts into the form's $defs"
                errors.append(FieldError(pointer((*path, keyword)), reason, "bad_schema"))
    return errors


def _bad_references(form: Form) -> list[FieldError]:
    """References elsewhere than to the form's own $defs; nothing is ever fetched."""
    errors = []
    for path, schema in _schemas(form, ()):
        if "$ref" not in schema:
            continue
        name = _referred(schema)
        if name is None or name not in form.get("$defs", {}):
            reason = "must refer to a part of this form, as #/$defs/NAME"
            errors.append(FieldError(pointer((*path, "$ref")), reason, "foreign_reference"))
    return errors


def _too_large(form: Form) -> list[FieldError]:
    """A form whose parts, each counted as often as it is referred to, are too many, or endless."""
    sizes: dict[str, int] = {}
    try:
        for name in form.get("$defs", {}):
            _size_of_part(form, name, sizes, ())
        size = _size_of(form, form, sizes, ())
    except _LeadsTooFar as error:
        (name,) = error.args
        reason = f"leads back to itself, or over more than {MAX_REFERENCES} references"
        return [FieldError(pointer(("$defs", name)), reason, "bad_schema")]
    if size > MAX_PARTS:
        return [FieldError("", f"has {size} parts, more than {MAX_PARTS}", "too_large")]
    return []


def _size_of(form: Form, schema: Any, sizes: dict[str, int], trail: tuple[str, ...]) -> int:
    if not isinstance(schema, dict):
        return 1
    size = 10 if "pattern" in schema else 1
    name = _referred(schema)
    if name is not None:
        size += _size_of_part(form, name, sizes, trail)
    for (keyword, *_), part in _direct(schema):
        if keyword != "$defs":  # these count where they are referred to
            size += _size_of(form, part, sizes, trail) + (
                9 if keyword == "patternProperties" else 0
            )
    return size


def _size_of_part(form: Form, name: str, sizes: dict[str, int], trail: tuple[str, ...]) -> int:
    if name in trail or len(trail) > MAX_REFERENCES:
        raise _LeadsTooFar(name)
    if name not in sizes:
        sizes[name] = _size_of(form, form["$defs"][name], sizes, (*trail, name))
    return sizes[name]


class _LeadsTooFar(Exception):
    """References from part to part do not end, or not soon enough."""


def _uncompilable(form: Form) -> list[FieldError]:
    """Patterns that cannot be matched in linear time, mostly."""
    try:
        _validator(form)
    except (ValidationError, ValueError) as error:
        path = tuple(getattr(error, "instance_path", ()))
        reason = f"{str(error).splitlines()[0]}: too large, or with look-around or back-references"
        return [FieldError(pointer(path), reason[:500], "bad_schema")]
    return []


def _validator(form: Form) -> Draft202012Validator:
    return Draft202012Validator(
        dict(form),
        validate_formats=True,
        offline=True,
        pattern_options=RegexOptions(size_limit=MAX_PATTERN_BYTES),
    )


def _referred(schema: Form) -> str | None:
    found = _REFERENCE.fullmatch(schema.get("$ref", ""))
    return found.group(1) if found else None


def _schemas(schema: Any, path: Path) -> Iterator[tuple[Path, Form]]:
    """A schema and all within it, but for true and false."""
    if isinstance(schema, dict):
        yield path, schema
        for step, part in _direct(schema):
            yield from _schemas(part, (*path, *step))


def _direct(schema: Form) -> Iterator[tuple[Path, Any]]:
    for keyword in _MAPS:
        for name, part in schema.get(keyword, {}).items():
            yield (keyword, name), part
    for keyword in _LISTS:
        for position, part in enumerate(schema.get(keyword, ())):
            yield (keyword, position), part
    for keyword in _SINGLES:
        if keyword in schema:
            yield (keyword,), schema[keyword]


def _fields_of(error: ValidationError) -> list[FieldError]:
    """One for each field concerned: a missing or unexpected one is pointed at itself."""
    path, kind = tuple(error.instance_path), error.kind
    places = [path]
    if isinstance(kind, ValidationErrorKind.Required):
        places = [(*path, kind.property)]
    elif isinstance(
        kind, ValidationErrorKind.AdditionalProperties | ValidationErrorKind.UnevaluatedProperties
    ):
        places = [(*path, name) for name in kind.unexpected]
    return [FieldError(pointer(place), _text(error), kind.name) for place in places]


def _text(error: ValidationError) -> str:
    """Messages quote what was sent: keep them readable."""
    return error.message if len(error.message) <= 300 else error.message[:299] + "…"
