"""Search by words: those that are found, then names that resemble them; best match first."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Subquery,
    cast,
    func,
    not_,
    select,
    union_all,
)

from shared.kit.pagination import PageParams, keyset

_PER_LENGTH = 1  # ts_rank's option: a word in a short text says more than in a long one


class Searched(NamedTuple):
    """What is searched: a tsvector of the configuration `simple`, and names for near misses."""

    source: FromClause
    key: ColumnElement[str]
    text: ColumnElement[Any]
    name: ColumnElement[str]


def best_matches(
    words: str, where: Searched, conditions: Sequence[ColumnElement[bool]], page: PageParams
) -> Subquery:
    """`key` and `rank` of a page's matches and one more, by rank descending and key.

    Rank is above 1 where the words stand, and the likeness of the name, below 1, where they do
    not. Likeness is slow to reckon, and only the rest of a page that words do not fill needs it.
    Only keys are ranked: what else a row shows is fetched for those of the page.
    """
    query = func.websearch_to_tsquery("simple", words)
    stands: ColumnElement[bool] = where.text.bool_op("@@")(query)
    rank = _rounded(1 + func.ts_rank(where.text, query, _PER_LENGTH))
    found = (
        select(where.key.label("key"), rank.label("rank"))
        .select_from(where.source)
        .where(stands, *conditions)
    )
    first = keyset(found, [rank.desc(), where.key], page).cte("found")
    is_room = select(func.count()).select_from(first).scalar_subquery() <= page.limit
    likeness = _rounded(func.least(func.catalog.text_resemblance(words, where.name), 1))
    resembling = (
        select(where.key, likeness)
        .select_from(where.source)
        .where(is_room, func.catalog.text_resembles(words, where.name), not_(stands), *conditions)
    )
    then = keyset(resembling, [likeness.desc(), where.key], page).subquery("resembling")
    return union_all(select(first), select(then)).subquery("match")


def _rounded(figure: ColumnElement[Any]) -> ColumnElement[Any]:
    """A rounded decimal compares the same in every statement, so that a cursor can hold it."""
    rounded: ColumnElement[Any] = func.round(cast(figure, Numeric), 6, type_=Numeric())
    return rounded
