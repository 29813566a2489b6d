"""Keyset pagination: opaque cursors over the sort key, no counts, no offsets (RFC 8288 links)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request
from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, tuple_
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from shared.errors import BadRequest

MAX_LIMIT = 500


@dataclass(frozen=True)
class PageParams:
    """Which page: `after` is the sort key of the last item of the page before, or None."""

    limit: int
    after: tuple[Any, ...] | None


async def page_params(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="items a page")] = 100,
    cursor: Annotated[
        str | None,
        Query(max_length=2000, description="`next_cursor` of the page before"),
    ] = None,
) -> PageParams:
    request.state.paged = True
    return PageParams(limit, decode_cursor(cursor) if cursor is not None else None)


PageQuery = Annotated[PageParams, Depends(page_params)]


def _tagged(value: Any) -> Any:
    """JSON cannot tell a stamp from a text, and the cursor must give back what went in."""
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, UUID):
        return {"u": str(value)}
    return value


def _untagged(value: Any) -> Any:
    if not isinstance(value, dict):
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("no cursor of ours")
        return value
    ((tag, text),) = value.items()
    parse: dict[str, Callable[[str], Any]] = {
        "t": datetime.fromisoformat,
        "d": date.fromisoformat,
        "n": Decimal,
        "u": UUID,
    }
    return parse[tag](text)


def encode_cursor(key: Sequence[Any]) -> str:
    """An opaque cursor for the sort key of an item."""
    packed = orjson.dumps([_tagged(value) for value in key])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> tuple[Any, ...]:
    """The sort key of a cursor; 400 when it is none of ours."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = orjson.loads(packed)
        if not isinstance(values, list):
            raise ValueError("no cursor of ours")
        return tuple(_untagged(value) for value in values)
    except (ValueError, KeyError, TypeError, ArithmeticError, AttributeError, binascii.Error):
        raise bad_cursor() from None


def bad_cursor() -> BadRequest:
    return BadRequest(
        "cursor must be the next_cursor of the page before",
        code="bad_cursor",
        pointer="/query/cursor",
    )


def keyset(
    statement: Select[Any], order: Sequence[ColumnElement[Any]], page: PageParams
) -> Select[Any]:
    """Order by `order` (use .desc() to turn one round), start after the cursor, take one extra.

    The columns of `order` must not be null and must together be unique.
    """
    statement = statement.order_by(*order).limit(page.limit + 1)
    if page.after is None:
        return statement
    if len(page.after) != len(order):
        raise bad_cursor()
    return statement.where(_after(order, page.after))


def _after(order: Sequence[ColumnElement[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """(a, b) after (x, y), where each part may ascend or descend on its own."""
    columns, descending = zip(*map(_direction, order), strict=True)
    for column, value in zip(columns, values, strict=True):
        _check_kind(column, value)
    if len(set(descending)) == 1:
        # A row comparison is one range of an index; the general form below is not.
        bound = tuple_(*(literal(v, c.type) for c, v in zip(columns, values, strict=True)))
        return tuple_(*columns) < bound if descending[0] else tuple_(*columns) > bound
    alternatives: list[ColumnElement[bool]] = []
    for position, (column, value) in enumerate(zip(columns, values, strict=True)):
        equal_so_far = [columns[i] == values[i] for i in range(position)]
        beyond = column < value if descending[position] else column > value
        alternatives.append(and_(*equal_so_far, beyond))
    return or_(false(), *alternatives)


def _direction(part: ColumnElement[Any]) -> tuple[ColumnElement[Any], bool]:
    if isinstance(part, UnaryExpression) and part.modifier in (
        operators.desc_op,
        operators.asc_op,
    ):
        return part.element, part.modifier is operators.desc_op
    return part, False


def _check_kind(column: ColumnElement[Any], value: Any) -> None:
    """A forged cursor must not become a database error."""
    try:
        expected = column.type.python_type
    except NotImplementedError:
        return
    numbers = (int, float, Decimal)
    fits = isinstance(value, numbers) if expected in numbers else isinstance(value, expected)
    if isinstance(value, bool) != (expected is bool):
        raise bad_cursor()
    if not fits or (expected is int and isinstance(value, int) and abs(value) >= 2**63):
        raise bad_cursor()


def page_of(
    rows: Sequence[Any], page: PageParams, key: Callable[[Any], Sequence[Any]]
) -> dict[str, Any]:
    """The page's items and the cursor of the next one; `rows` holds one more than the limit."""
    items = list(rows[: page.limit])
    more = len(rows) > page.limit
    return {"items": items, "next_cursor": encode_cursor(key(items[-1])) if more else None}


def describe_links(contract: dict[str, Any]) -> None:
    """Say in an OpenAPI document that pages link the next one."""
    for path in contract["paths"].values():
        read = path.get("get", {})
        if "cursor" in {parameter["name"] for parameter in read.get("parameters", ())}:
            read["responses"]["200"].setdefault("headers", {})["Link"] = {
                "description": 'The next page, `<...>; rel="next"`; absent on the last one',
                "schema": {"type": "string"},
            }
