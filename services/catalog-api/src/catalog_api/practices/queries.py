"""Every SQL statement about practices."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Row, ScalarSelect, Select, cast, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.practices.rules import Adoption, PracticeKind
from catalog_api.practices.tables import Practice, PracticeAdoption, PracticeOpportunity
from catalog_api.rows import (
    change_row,
    get_row,
    insert_row,
    json_list,
    known_values,
    list_rows,
    table_of,
    taken_keys_like,
)
from shared.errors import NotFound
from shared.kit.pagination import PageParams
from shared.schemas.processes import Process

_practice = table_of(Practice).c
_link = table_of(PracticeOpportunity).c
_adoption = table_of(PracticeAdoption).c


@dataclass(frozen=True)
class PracticeFilters:
    """Each filter that is given narrows the list; retired ones are shown only with `past`."""

    kind: PracticeKind | None
    process: Process | None
    tag: str | None
    opportunity: str | None
    past: bool


def _whole_practices(*more: ColumnElement[Any]) -> Select[Any]:
    """Practices with how many services adopted them and how many opportunities they serve."""
    adopted = select(func.count()).where(
        _adoption.practice_key == _practice.key, _adoption.adoption == Adoption.ADOPTED
    )
    linked = select(func.count()).where(_link.practice_key == _practice.key)
    return select(
        *(column for column in _practice if column.name != "search"),
        adopted.scalar_subquery().label("adopted_by"),
        linked.scalar_subquery().label("opportunities"),
        *more,
    )


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are practices."""
    return await known_values(session, _practice.key, keys)


async def taken_practice_keys(session: AsyncSession, base: str) -> set[str]:
    return await taken_keys_like(session, _practice.key, base)


async def get_practice(session: AsyncSession, key: str) -> Row[Any]:
    """One practice; 404 if there is none."""
    return await get_row(session, _whole_practices().where(_practice.key == key), _missing(key))


async def lock_practice(session: AsyncSession, key: str) -> Row[Any]:
    """A practice's own fields; nobody else changes it until this transaction ends."""
    statement = select(table_of(Practice)).where(_practice.key == key)
    return await get_row(session, statement, _missing(key), lock=True)


def _missing(key: str) -> str:
    return f"There is no practice {key}"


async def list_practices(
    session: AsyncSession, filters: PracticeFilters, page: PageParams
) -> list[Row[Any]]:
    """Practices by key, one more than the page holds."""
    statement = _whole_practices().where(*_conditions(filters))
    return await list_rows(session, statement, [_practice.key], page)


async def search_practices(
    session: AsyncSession, words: str, filters: PracticeFilters, page: PageParams
) -> list[Row[Any]]:
    """Practices that match the words, best first."""
    query = func.websearch_to_tsquery("simple", words)
    # A rounded decimal compares the same in every statement, so that a cursor can hold it.
    rank: ColumnElement[Any] = func.round(
        cast(func.ts_rank(_practice.search, query), Numeric), 6, type_=Numeric()
    )
    statement = _whole_practices(rank.label("rank")).where(
        _practice.search.bool_op("@@")(query), *_conditions(filters)
    )
    return await list_rows(session, statement, [rank.desc(), _practice.key], page)


def _conditions(filters: PracticeFilters) -> list[ColumnElement[bool]]:
    own = ((_practice.kind, filters.kind), (_practice.process, filters.process))
    conditions: list[ColumnElement[bool]] = [c == value for c, value in own if value is not None]
    if not filters.past:
        conditions.append(_practice.retired_on.is_(None))
    if filters.tag is not None:
        conditions.append(_practice.tags.contains([filters.tag]))
    if filters.opportunity is not None:
        linked = select(_link.practice_key).where(_link.opportunity == filters.opportunity)
        conditions.append(_practice.key.in_(linked))
    return conditions


async def insert_link(
    session: AsyncSession, practice: str, opportunity: str, who: str, moment: datetime
) -> bool:
    """Link an opportunity; False when it is linked already."""
    row = {
        "practice_key": practice,
        "opportunity": opportunity,
        "linked_by": who,
        "linked_at": moment,
    }
    return await insert_row(session, PracticeOpportunity, row)


def _links(practice: str) -> Select[Any]:
    return select(
        _link.practice_key.label("practice"), _link.opportunity, _link.linked_at, _link.linked_by
    ).where(_link.practice_key == practice)


async def get_link(session: AsyncSession, practice: str, opportunity: str) -> Row[Any]:
    statement = _links(practice).where(_link.opportunity == opportunity)
    return await get_row(session, statement, _no_link(practice, opportunity))


async def list_links(session: AsyncSession, practice: str, page: PageParams) -> list[Row[Any]]:
    """Opportunities of a practice by id, one more than the page holds."""
    return await list_rows(session, _links(practice), [_link.opportunity], page)


async def delete_link(session: AsyncSession, practice: str, opportunity: str) -> None:
    """Unlink an opportunity; 404 if it is not linked."""
    statement = delete(PracticeOpportunity).where(
        _link.practice_key == practice, _link.opportunity == opportunity
    )
    gone = await session.scalar(statement.returning(_link.opportunity))
    if gone is None:
        raise NotFound(_no_link(practice, opportunity))


def _no_link(practice: str, opportunity: str) -> str:
    return f"The practice {practice} is not linked to the opportunity {opportunity}"


def _adoptions() -> Select[Any]:
    return select(
        _adoption.practice_key.label("practice"),
        _practice.title,
        _practice.kind,
        _practice.process,
        _adoption.service_key.label("service"),
        _adoption.adoption,
        _adoption.reason,
        _adoption.due_on,
        _adoption.revision,
        _adoption.created_at,
        _adoption.updated_at,
    ).join(table_of(Practice), _practice.key == _adoption.practice_key)


async def find_adoption(session: AsyncSession, practice: str, service: str) -> Row[Any] | None:
    """What a service says of a practice, if it says anything."""
    statement = _adoptions().where(
        _adoption.practice_key == practice, _adoption.service_key == service
    )
    found: Row[Any] | None = (await session.execute(statement)).first()
    return found


async def change_adoption(
    session: AsyncSession, practice: str, service: str, values: dict[str, Any]
) -> None:
    condition = (_adoption.practice_key == practice) & (_adoption.service_key == service)
    await change_row(session, PracticeAdoption, condition, values)


async def delete_adoption(session: AsyncSession, practice: str, service: str) -> None:
    await session.execute(
        delete(PracticeAdoption).where(
            _adoption.practice_key == practice, _adoption.service_key == service
        )
    )


async def list_by_service(
    session: AsyncSession, service: str, adoption: Adoption | None, page: PageParams
) -> list[Row[Any]]:
    """What a service says of practices, by practice; one more than the page holds."""
    statement = _adoptions().where(_adoption.service_key == service)
    return await list_rows(session, _only(statement, adoption), [_adoption.practice_key], page)


async def list_by_practice(
    session: AsyncSession, practice: str, adoption: Adoption | None, page: PageParams
) -> list[Row[Any]]:
    """What services say of a practice, by service; one more than the page holds."""
    statement = _adoptions().where(_adoption.practice_key == practice)
    return await list_rows(session, _only(statement, adoption), [_adoption.service_key], page)


def _only(statement: Select[Any], adoption: Adoption | None) -> Select[Any]:
    return statement if adoption is None else statement.where(_adoption.adoption == adoption)


def sheet_of(service: Any) -> ScalarSelect[Any]:
    """What the service document shows: the first two hundred practices that it says anything of."""
    shown = (
        select(
            _adoption.practice_key.label("practice"),
            _practice.title,
            _practice.kind,
            _practice.process,
            _adoption.adoption,
            _adoption.reason,
            _adoption.due_on,
            _adoption.updated_at,
        )
        .join(table_of(Practice), _practice.key == _adoption.practice_key)
        .where(_adoption.service_key == service)
        .order_by(_adoption.practice_key)
        .limit(200)
    )
    return json_list(shown)
