"""Every SQL statement about continuity plans and their tests."""

from typing import Any

from sqlalchemy import Select, literal, select, union_all

from catalog_api.continuity.tables import ContinuityPlan
from catalog_api.dependencies.rules import NodeKind
from catalog_api.plans.rules import PlanState
from catalog_api.vendors.queries import recovery_by_contract

_plan = ContinuityPlan.__table__.c


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
