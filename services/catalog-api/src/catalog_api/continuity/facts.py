"""What tollgates may ask about a service's continuity. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from catalog_api.fact_values import definition, known, unknown
from shared.schemas.common import FactValue

DEFINITIONS = (
    definition("continuity_plan_approved", "boolean", None, "A continuity plan is in force"),
    definition("continuity_tier", "integer", None, "Business impact, 1 is the most critical"),
    definition("rto_hours", "number", "hours", "Recovery time objective of the plan in force"),
    definition("rpo_hours", "number", "hours", "Recovery point objective of the plan in force"),
    definition("mtpd_hours", "number", "hours", "Maximum tolerable period of disruption"),
    definition(
        "continuity_test_passed",
        "boolean",
        None,
        "A test passed and kept the targets of the plan in force",
    ),
    definition("continuity_test_overdue", "boolean", None, "The next test should have been made"),
    definition(
        "days_since_continuity_test", "number", "days", "Since the last test, however it went"
    ),
    definition(
        "continuity_test_within_targets",
        "boolean",
        None,
        "What the last test achieved is within the targets",
    ),
    definition(
        "continuity_chain_complete",
        "boolean",
        None,
        "The service and all that it cannot do without have plans, and nobody falls short",
    ),
    definition("continuity_chain_breaks", "integer", "providers", "Hard providers that fall short"),
    definition("continuity_chain_missing", "integer", "providers", "Hard providers without a plan"),
)
_NO_PLAN = "no continuity plan is approved"


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the section of the service document."""
    chain = section["chain"]
    return {
        **_plan(section["plan"], now),
        **_tests(section, now),
        "continuity_chain_complete": known(chain["complete"], now),
        "continuity_chain_breaks": known(chain["breaking"], now),
        "continuity_chain_missing": known(chain["missing"], now),
    }


def _plan(plan: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    names = {
        "continuity_tier": "tier",
        "rto_hours": "rto_hours",
        "rpo_hours": "rpo_hours",
        "mtpd_hours": "mtpd_hours",
    }
    if plan is None:
        none = dict.fromkeys(names, unknown(_NO_PLAN, now))
        return {"continuity_plan_approved": known(False, now), **none}
    since = datetime.fromisoformat(plan["approved_at"])
    figures = {fact: known(plan[field], since) for fact, field in names.items()}
    return {"continuity_plan_approved": known(True, since), **figures}


def _tests(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    standing, tests = section["standing"], section["tests"]
    last = tests[0] if tests else None
    days = (
        unknown("no test was recorded", now)
        if last is None
        else known((now.date() - date.fromisoformat(last["performed_on"])).days, now)
    )
    if standing is None:
        return {
            "continuity_test_passed": known(False, now),
            "continuity_test_overdue": unknown(_NO_PLAN, now),
            "days_since_continuity_test": days,
            "continuity_test_within_targets": unknown(_NO_PLAN, now),
        }
    within = standing["achieved_within_targets"]
    return {
        "continuity_test_passed": known(standing["last_passed_on"] is not None, now),
        "continuity_test_overdue": known(standing["test_overdue"], now),
        "days_since_continuity_test": days,
        "continuity_test_within_targets": (
            unknown("the last test does not say what it achieved", now)
            if within is None
            else known(within, now)
        ),
    }
