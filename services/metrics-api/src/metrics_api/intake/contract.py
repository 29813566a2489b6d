"""Request bodies of the pushes in the contract: msgspec reads them, so FastAPI cannot know."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from metrics_api.intake.bodies import ARRAY_LIMIT, JSON, NDJSON
from shared.kit.contract import drop_titles

_TEMPLATE = "#/components/schemas/{name}"


class Bodies(NamedTuple):
    """`openapi_extra` of the push of one record, and of that of many."""

    single: dict[str, Any]
    batch: dict[str, Any]


def bodies_of(fields: type[msgspec.Struct], example: Mapping[str, Any]) -> Bodies:
    """How the records of a kind are sent."""
    schema = {"$ref": _TEMPLATE.format(name=fields.__name__)}
    lines = {"type": "string", "description": f"One {fields.__name__} a line, any number"}
    array = {"type": "array", "maxItems": ARRAY_LIMIT, "items": schema}
    return Bodies(
        _body({JSON: {"schema": schema, "example": example}}),
        _body({NDJSON: {"schema": lines}, JSON: {"schema": array, "example": [example]}}),
    )


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}


def describing(
    contract: Callable[[], dict[str, Any]], fields: Sequence[type[msgspec.Struct]]
) -> Callable[[], dict[str, Any]]:
    """The app's contract, with the schemas that the bodies refer to."""

    def described() -> dict[str, Any]:
        document = contract()
        _, components = msgspec.json.schema_components(fields, ref_template=_TEMPLATE)
        document["components"]["schemas"].update(components)
        drop_titles(document)
        return document

    return described
