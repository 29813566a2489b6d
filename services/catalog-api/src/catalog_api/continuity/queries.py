"""Every SQL statement about continuity plans and their tests."""

from typing import Any

from sqlalchemy import Select, literal, select

from catalog_api.continuity.rules import PlanState
from catalog_api.continuity.tables import ContinuityPlan

_plan = ContinuityPlan.__table__.c


def recovery_times() -> Select[Any]:
    """kind, key and rto_hours of what has an approved plan."""
    return select(
        literal("service").label("kind"), _plan.service_key.label("key"), _plan.rto_hours
    ).where(_plan.state == PlanState.APPROVED)
