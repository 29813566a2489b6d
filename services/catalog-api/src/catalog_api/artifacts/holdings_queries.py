"""Counting what the catalog holds, as far as key artifacts are made of it."""

from typing import Any

from sqlalchemy import ColumnElement, Exists, ScalarSelect, and_, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.agreements.tables import AgreementScope, AgreementVersion
from catalog_api.artifacts.rules import Holdings
from catalog_api.boards.tables import Board, BoardGate
from catalog_api.customers.tables import Customer, Representative
from catalog_api.offerings.rules import OfferingState
from catalog_api.offerings.tables import Offering, OfferingVersion
from catalog_api.plans.rules import PlanKind, PlanState
from catalog_api.plans.tables import PlanVersion
from catalog_api.portfolios.tables import Portfolio
from catalog_api.priorities.tables import PriorityScheme
from catalog_api.raci.rules import Responsibility
from catalog_api.raci.tables import RaciAssignment
from catalog_api.registry.tables import Service
from catalog_api.requirements.tables import Requirement
from catalog_api.rows import table_of
from catalog_api.stages.rules import is_live
from catalog_api.touchpoints.rules import Channel
from catalog_api.touchpoints.tables import Touchpoint
from shared.schemas.agreements import AgreementState
from shared.schemas.catalog import Stage
from shared.schemas.processes import Process

_service = table_of(Service).c
_portfolio = table_of(Portfolio).c
_plan = table_of(PlanVersion).c
_offering = table_of(Offering).c
_version = table_of(OfferingVersion).c
_scope = table_of(AgreementScope).c
_agreed = table_of(AgreementVersion).c
_raci = table_of(RaciAssignment).c
_customer = table_of(Customer).c
_representative = table_of(Representative).c
_gate = table_of(BoardGate).c
_LIVE = _service.stage.in_([stage for stage in Stage if is_live(stage)])
_PUBLISHED = _offering.state == OfferingState.PUBLISHED


async def count_holdings(session: AsyncSession) -> Holdings:
    """Everything that the completeness of the artifacts rests on, in one statement."""
    retired = _service.stage == Stage.RETIREMENT
    touchpoint, scheme = table_of(Touchpoint).c, table_of(PriorityScheme).c
    counts: dict[str, ScalarSelect[Any]] = {
        "services": _count(_service.key, not_(retired)),
        "services_managed": _count(_service.key, not_(retired), _managed()),
        "live": _count(_service.key, _LIVE),
        "live_offered": _count(
            _service.key, _LIVE, exists().where(_offering.service_key == _service.key, _PUBLISHED)
        ),
        "live_planned": _count(_service.key, _LIVE, _approved(_plan.service_key == _service.key)),
        "live_agreed": _count(_service.key, _LIVE, _agreement()),
        "live_answered_for": _answered_for(list(Process)),
        "live_planning_answered_for": _answered_for(
            [Process.SERVICE_STRATEGY_DEFINITION, Process.SERVICE_ROADMAP_DEFINITION]
        ),
        "boards": _count(table_of(Board).c.key, table_of(Board).c.ended_on.is_(None)),
        "gates_decided": _count(_gate.gate.distinct(), _gate.portfolio_key.is_(None)),
        "customers": _count(_customer.key, _customer.active),
        "customers_heard": _count(_customer.key, _customer.active, _heard()),
        "requirements": _count(table_of(Requirement).c.id),
        "offerings": _count(_offering.key, _PUBLISHED),
        "offerings_with_steps": _count(
            _offering.key, _PUBLISHED, _in_force(func.jsonb_array_length(_version.steps) > 0)
        ),
        "offerings_with_form": _count(
            _offering.key, _PUBLISHED, _in_force(_version.form.is_not(None))
        ),
        "default_schemes": _count(scheme.key, scheme.is_default),
        "portals": _count(touchpoint.key, touchpoint.active, touchpoint.channel == Channel.PORTAL),
    }
    row = (await session.execute(select(*(c.label(name) for name, c in counts.items())))).one()
    return Holdings(**row._mapping)


def _count(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.count(column)).where(*conditions).scalar_subquery()


def _managed() -> Exists:
    """The portfolio has a manager, and its strategy in a sentence or as an approved plan."""
    strategy = or_(
        _portfolio.strategy.is_not(None), _approved(_plan.portfolio_key == _portfolio.key)
    )
    return exists().where(
        _portfolio.key == _service.portfolio_key, _portfolio.manager.is_not(None), strategy
    )


def _approved(condition: ColumnElement[bool]) -> Exists:
    return exists().where(
        condition, _plan.kind == PlanKind.STRATEGY, _plan.state == PlanState.APPROVED
    )


def _agreement() -> Exists:
    return exists().where(
        _scope.service_key == _service.key,
        _agreed.agreement_key == _scope.agreement_key,
        _agreed.version == _scope.version,
        _agreed.state == AgreementState.ACTIVE,
    )


def _in_force(condition: ColumnElement[bool]) -> Exists:
    """The version of an offering that is in force fulfils the condition."""
    return exists().where(
        _version.offering_key == _offering.key, _version.version == _offering.version, condition
    )


def _heard() -> ColumnElement[bool]:
    today = func.current_date()
    represented = exists().where(
        _representative.customer_key == _customer.key,
        _representative.valid_from <= today,
        or_(_representative.valid_to.is_(None), _representative.valid_to > today),
    )
    return and_(represented, _customer.review_due_on >= today)


def _answered_for(processes: list[Process]) -> ScalarSelect[Any]:
    """Live services whose charts of these processes name an accountable and a responsible.

    The lifecycle of a live service has its service_owner as accountable by default.
    """
    by_default = {Process.SERVICE_LIFECYCLE_MANAGEMENT} & set(processes)
    named = {
        responsibility: func.count(_raci.process.distinct()).filter(
            _raci.responsibility == responsibility, _raci.process.not_in(excepted)
        )
        for responsibility, excepted in (
            (Responsibility.ACCOUNTABLE, by_default),
            (Responsibility.RESPONSIBLE, set[Process]()),
        )
    }
    whole = (
        select(_raci.service_key)
        .join(table_of(Service), _service.key == _raci.service_key)
        .where(_LIVE, _raci.valid_to.is_(None), _raci.process.in_(processes))
        .group_by(_raci.service_key)
        .having(
            and_(
                named[Responsibility.ACCOUNTABLE] == len(processes) - len(by_default),
                named[Responsibility.RESPONSIBLE] == len(processes),
            )
        )
        .subquery()
    )
    return select(func.count()).select_from(whole).scalar_subquery()
