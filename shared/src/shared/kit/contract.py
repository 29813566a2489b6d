"""The contract as generators of clients read it: what it names and shapes becomes classes."""

from collections.abc import Iterator, Mapping
from typing import Any

_VALUES = {"examples", "example", "default", "const", "enum"}
_NAMED = {"properties", "patternProperties"}
_NULL = {"type": "null"}
_SIDES = {"-Input": "In", "-Output": "Out"}
_HEADERS = {
    "Location": {
        "description": "The path of what was made, where it has one of its own",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotency-Replayed": {
        "description": "`true`: the answer to the first request with this Idempotency-Key",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds after which to repeat; absent where that would not help",
        "schema": {"type": "integer"},
    },
}


def operations_of(contract: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each operation of an OpenAPI document."""
    for path in contract["paths"].values():
        yield from path.values()


def name_schemas(contract: dict[str, Any]) -> None:
    """Name models by what they are: `BenefitsVerdict` where two domains have a verdict, `PriceIn`
    where what is sent differs from what is answered, `PageServiceOut`. What Pydantic calls them
    has the path of a module or marks in it, and so would the classes of generated clients."""
    schemas: dict[str, Any] = contract.get("components", {}).get("schemas", {})
    twins = _twins(schemas)
    names = _names(schemas, twins)
    kept = {names[old]: schema for old, schema in schemas.items() if old not in twins}
    assert len(kept) == len(schemas) - len(twins), "named alike again"
    contract.get("components", {})["schemas"] = kept
    contract |= _referring(contract, {_to(old): _to(new) for old, new in names.items()})


def _names(schemas: Mapping[str, Any], twins: Mapping[str, str]) -> dict[str, str]:
    names = {name: _by_side(_by_domain(name)) for name in schemas}
    names |= {name: names[twin] for name, twin in twins.items()}
    for name, schema in schemas.items():
        if name.startswith("Page_"):
            item = schema["properties"]["items"]["items"]["$ref"].rpartition("/")[2]
            names[name] = f"Page{names[item]}"
    return names


def _twins(schemas: Mapping[str, Any]) -> dict[str, str]:
    """What is sent, and another name of the very same that is answered."""
    return {
        name: twin
        for name, schema in schemas.items()
        if name.endswith("-Input")
        for twin, other in schemas.items()
        if twin != name and other == schema
    }


def _by_domain(name: str) -> str:
    """`package__domain__module__Class`; what belongs to no domain keeps its plain name."""
    *places, plain = name.split("__")
    domain = places[1] if len(places) > 2 and places[0] != "shared" else ""
    return domain.title().replace("_", "") + plain


def _by_side(name: str) -> str:
    for mark, side in _SIDES.items():
        if name.endswith(mark):
            return name.removesuffix(mark) + side
    return name


def _to(name: str) -> str:
    return f"#/components/schemas/{name}"


def _referring(node: Any, places: Mapping[str, str]) -> Any:
    """The same, pointing at the new places; discriminators point too, by mere texts."""
    if isinstance(node, dict):
        return {key: _referring(value, places) for key, value in node.items()}
    if isinstance(node, list):
        return [_referring(value, places) for value in node]
    return places.get(node, node) if isinstance(node, str) else node


def shape_parameters(contract: dict[str, Any]) -> None:
    """A parameter that may be absent is not null: a URL has no way to say so. What it means stands
    at the parameter, also where a type says it that several share."""
    for operation in operations_of(contract):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"] = _without_null(parameter["schema"])
            if "description" in schema:
                parameter.setdefault("description", schema["description"])


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    ways = schema.get("anyOf", [])
    if _NULL not in ways:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    left = [way for way in ways if way != _NULL]
    return {**left[0], **rest} if len(left) == 1 else {**rest, "anyOf": left}


def list_tags(contract: dict[str, Any]) -> None:
    """The headings of the contract, in the order of its paths: who shows it sorts by this list."""
    used = (tag for operation in operations_of(contract) for tag in operation.get("tags", ()))
    contract["tags"] = [{"name": tag} for tag in dict.fromkeys(used)]


def describe_headers(contract: dict[str, Any]) -> None:
    """Say in an OpenAPI document which headers the plumbing sends, each where it has a reason."""
    contract["components"]["headers"] = _HEADERS
    for operation in operations_of(contract):
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        for status, reply in operation["responses"].items():
            for header in _sent_with(status, keyed="Idempotency-Key" in names):
                place = {"$ref": f"#/components/headers/{header}"}
                reply["headers"] = reply.get("headers", {}) | {header: place}


def _sent_with(status: str, *, keyed: bool) -> Iterator[str]:
    """`keyed`: an Idempotency-Key may be sent; while its first request lasts, a second gets 409."""
    if status in {"201", "202"}:
        yield "Location"
    if keyed and status < "300":
        yield "Idempotency-Replayed"
    if status == "503" or (keyed and status == "409"):
        yield "Retry-After"


def drop_titles(contract: dict[str, Any]) -> None:
    """Pydantic titles each field by its name; generators make class names of titles: `Amount1`."""
    contract["paths"] = _untitled(contract["paths"])
    contract["components"]["schemas"] = _untitled(contract["components"]["schemas"], named=True)


def _untitled(node: Any, *, named: bool = False) -> Any:
    """`named`: the keys are names of fields or models, one of which may be `title`."""
    if isinstance(node, list):
        return [_untitled(value) for value in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value
        if key in _VALUES and not named
        else _untitled(value, named=key in _NAMED and not named)
        for key, value in node.items()
        if named or key != "title"
    }
