"""Every SQL statement about continuity plans and their tests."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Numeric,
    Row,
    Select,
    SmallInteger,
    Text,
    any_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.continuity.rules import Targets
from catalog_api.continuity.tables import ContinuityPlan, ContinuityTest
from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.plans.rules import OPEN, PlanState
from catalog_api.vendors.queries import recovery_by_contract
from shared.kit.database import Query, rows_of
from shared.kit.pagination import PageParams

_plan = ContinuityPlan.__table__.c
_test = ContinuityTest.__table__.c
_KEYS = ARRAY(Text())
_JUDGED = 200  # newest tests that a plan's standing is made of


def recovery_times() -> Select[Any]:
    """kind, key and rto_hours of what says how soon it is back: approved plans, contracts."""
    contract = recovery_by_contract().subquery()
    known = union_all(
        select(
            literal(NodeKind.SERVICE.value).label("kind"),
            _plan.service_key.label("key"),
            _plan.rto_hours,
        ).where(_plan.state == PlanState.APPROVED),
        select(literal(NodeKind.VENDOR_PRODUCT.value), contract.c.key, contract.c.rto_hours),
    ).subquery("recovery_time")
    return select(known.c.kind, known.c.key, known.c.rto_hours)


async def insert_plan(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a version; False when one is open already."""
    return await rows.insert_row(session, ContinuityPlan, rows.new_row(values))


async def next_version(session: AsyncSession, service: str) -> int:
    """The number after the newest."""
    newest = await session.scalar(
        select(func.max(_plan.version)).where(_plan.service_key == service)
    )
    return int(newest or 0) + 1


async def get_plan(
    session: AsyncSession, service: str, version: int, *, lock: bool = False
) -> Row[Any]:
    """One version; 404 if there is none."""
    missing = f"The service {service} has no version {version} of a continuity plan"
    statement = _plans(service).where(_plan.version == version)
    return await rows.get_row(session, statement, missing, lock=lock)


def plan_in_force(service: str) -> Query[Row[Any] | None]:
    """The approved version, with the day on which the service first had one."""
    return Query(_in_force(), {"service": service}, lambda rows: rows[0] if rows else None)


@cache
def _in_force() -> Select[Any]:
    service = bindparam("service", type_=Text())
    first = select(func.min(_plan.approved_at)).where(_plan.service_key == service)
    statement = _plans(service).add_columns(first.scalar_subquery().label("first_approved_at"))
    return statement.where(_plan.state == PlanState.APPROVED)


async def open_plan(session: AsyncSession, service: str) -> Row[Any] | None:
    """The version that is being written or reviewed."""
    statement = _plans(service).where(_plan.state.in_(OPEN))
    plan: Row[Any] | None = (await session.execute(statement)).first()
    return plan


async def list_plans(
    session: AsyncSession, service: str, state: PlanState | None, page: PageParams
) -> list[Row[Any]]:
    """Versions, the newest first, one more than the page holds."""
    statement = _plans(service)
    if state is not None:
        statement = statement.where(_plan.state == state)
    return await rows.list_rows(session, statement, [_plan.version.desc()], page)


async def change_plan(
    session: AsyncSession, service: str, version: int, values: Mapping[str, Any]
) -> None:
    """Set fields of a version."""
    which: ColumnElement[bool] = (_plan.service_key == service) & (_plan.version == version)
    await rows.change_row(session, ContinuityPlan, which, values)


async def insert_test(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a test."""
    await session.execute(insert(ContinuityTest).values(**values))


async def get_test(session: AsyncSession, service: str, test: UUID) -> Row[Any]:
    """One test; 404 if the service has none of that id."""
    statement = select(*_test).where(_test.service_key == service, _test.id == test)
    return await rows.get_row(
        session, statement, f"The service {service} has no continuity test {test}"
    )


async def list_tests(session: AsyncSession, service: str, page: PageParams) -> list[Row[Any]]:
    """Tests, the newest first, one more than the page holds."""
    statement = select(*_test).where(_test.service_key == service)
    order = [_test.performed_on.desc(), _test.id.desc()]
    return await rows.list_rows(session, statement, order, page)


def newest_tests(service: str) -> Query[Sequence[Row[Any]]]:
    """The newest tests: those that a plan's standing is made of."""
    return Query(_newest_tests(), {"service": service}, tuple)


@cache
def _newest_tests() -> Select[Any]:
    return (
        select(*_test)
        .where(_test.service_key == bindparam("service"))
        .order_by(_test.performed_on.desc(), _test.id.desc())
        .limit(_JUDGED)
    )


async def targets_of(session: AsyncSession, nodes: Collection[Node]) -> dict[Node, Targets]:
    """What nodes promise: services by their approved plan, vendor products by contract."""
    services = [node.key for node in nodes if node.kind is NodeKind.SERVICE]
    products = [node.key for node in nodes if node.kind is NodeKind.VENDOR_PRODUCT]
    found = await rows_of(session, _targets(), {"services": services, "products": products})
    return {Node(NodeKind(row.kind), row.key): Targets(*row[2:]) for row in found}


@cache
def _targets() -> CompoundSelect[Any]:
    """kind, key, tier, rto_hours, rpo_hours of `services` and `products`."""
    contract = recovery_by_contract().subquery()
    none = literal(None)
    return union_all(
        select(
            literal(NodeKind.SERVICE.value).label("kind"),
            _plan.service_key.label("key"),
            _plan.tier,
            _plan.rto_hours,
            _plan.rpo_hours,
        ).where(
            _plan.state == PlanState.APPROVED,
            _plan.service_key == any_(bindparam("services", type_=_KEYS)),
        ),
        select(
            literal(NodeKind.VENDOR_PRODUCT.value),
            contract.c.key,
            cast(none, SmallInteger),
            contract.c.rto_hours,
            cast(none, Numeric),
        ).where(contract.c.key == any_(bindparam("products", type_=_KEYS))),
    )


def _plans(service: Any) -> Select[Any]:
    columns = [one for one in _plan if one.key != "service_key"]
    return select(*columns, _plan.service_key.label("service")).where(_plan.service_key == service)
