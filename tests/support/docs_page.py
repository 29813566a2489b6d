"""What Swagger UI fills in as the body of a request: whoever tries an operation sends it first."""

from typing import Any

FORMATS = {
    "date": "2026-11-27",
    "date-time": "2026-11-27T07:00:00Z",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
}
NAMED = ("example", "default", "const")


def filled_in(contract: dict[str, Any], content: dict[str, Any]) -> Any:
    """The example of a body, else one made of the examples of its fields."""
    if "example" in content:
        return content["example"]
    return _made(contract, content["schema"])


def _made(contract: dict[str, Any], schema: dict[str, Any]) -> Any:
    schema = _resolved(contract, schema)
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    for word in NAMED:
        if word in schema:
            return schema[word]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _made(contract, schema[choice][0])
    return _of_type(contract, schema)


def _of_type(contract: dict[str, Any], schema: dict[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: _made(contract, field) for name, field in fields.items()}
        case "array":
            return [_made(contract, schema.get("items", {}))]
        case "string":
            return FORMATS.get(schema.get("format", ""), "string")
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
    return None


def _resolved(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        schema = contract["components"]["schemas"][name]
    return schema
