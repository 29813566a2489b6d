"""Query parameters that an operation does not have are refused.

A filter whose name is misspelt would answer another question than was asked, and look right.
"""

from collections.abc import Set
from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query

from shared.errors import FieldError, Invalid

CODE = "unknown_parameter"


def query_parameters(dependant: Dependant) -> frozenset[str]:
    """The names that an operation and its dependencies take."""
    fields = get_flat_params(dependant)
    return frozenset(field.alias for field in fields if isinstance(field.field_info, Query))


def refuse_unknown(request: Request, known: Set[str]) -> None:
    """Raises Invalid, with a hint for each that is unknown."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        fields = [FieldError(_pointer(name), _hint(name, known), CODE) for name in unknown]
        detail = "; ".join(f"{field.pointer}: {field.detail}" for field in fields[:3])
        raise Invalid(detail, code=CODE, errors=fields)


def _pointer(name: str) -> str:
    return "/query/" + name.replace("~", "~0").replace("/", "~1")


def _hint(name: str, known: Set[str]) -> str:
    if meant := get_close_matches(name, known, n=1):
        return f"there is no such parameter; do you mean {meant[0]}?"
    if known:
        return f"there is no such parameter; there are {', '.join(sorted(known))}"
    return "there are no query parameters here"
