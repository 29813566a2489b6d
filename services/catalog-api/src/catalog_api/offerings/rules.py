"""When an offering may be shown to customers, and who may ask for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known, unknown
from catalog_api.stages.rules import is_live
from shared.schemas.catalog import Stage
from shared.schemas.common import FactValue


class OfferingState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class PriceUnit(StrEnum):
    """What an offering's price is paid for."""

    REQUEST = "request"
    USER_MONTH = "user_month"
    USER_YEAR = "user_year"
    ITEM = "item"
    HOUR = "hour"
    MONTH = "month"
    YEAR = "year"


MOVES: Mapping[OfferingState, Collection[OfferingState]] = {
    OfferingState.DRAFT: (OfferingState.PUBLISHED,),
    OfferingState.PUBLISHED: (OfferingState.WITHDRAWN,),
    OfferingState.WITHDRAWN: (OfferingState.PUBLISHED,),
}
OFFERED_STAGES = tuple(stage for stage in Stage if is_live(stage))
"""Rules, Catalog 2: published in transition, operate and improve only."""

DEFINITIONS = (
    definition("offering_count", "integer", "offerings", "Entries of the customer-facing catalog"),
    definition("published_offering_count", "integer", "offerings", "Offerings that customers see"),
    definition("offering_has_form", "boolean", None, "Some offering has a request form"),
    definition(
        "publishable_offering_count",
        "integer",
        "offerings",
        "Offerings with a request form and a fulfilment plan, published or not",
    ),
    definition(
        "published_offerings_promise_quality",
        "boolean",
        None,
        "Every published offering says which quality it promises",
    ),
)


@dataclass(frozen=True)
class Audience:
    """Who an offering is for: everyone, or whoever is of one of these."""

    everyone: bool
    customers: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def missing_to_publish(form: Any, step_count: int) -> list[str]:
    """What a published offering must have and this one lacks."""
    missing = [] if form is not None else ["form"]
    return missing if step_count else [*missing, "fulfilment_plan"]


def obstacle(state: OfferingState, stage: Stage) -> str | None:
    """Why nobody can ask for an offering now; None when they can."""
    if state is not OfferingState.PUBLISHED:
        return f"it is {state.value}, not published"
    if not is_live(stage):
        return f"its service is at {stage.value}"
    return None


def belongs_to(
    audience: Audience, customer: str | None, units: Collection[str], roles: Collection[str]
) -> bool:
    """Whether somebody of this customer, these units and these roles is of the audience."""
    return (
        audience.everyone
        or customer in audience.customers
        or not audience.units.isdisjoint(units)
        or not audience.roles.isdisjoint(roles)
    )


def is_announced(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> bool:
    """Whether an announcement is to be shown now: from its start, up to its end."""
    return (starts_at is None or starts_at <= now) and (ends_at is None or now < ends_at)


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the offerings of the service as its document counts them."""
    published = section["published"]
    promised = unknown("no offering is published", now)
    if published:
        promised = known(section["published_with_promise"] == published, now)
    return {
        "offering_count": known(section["total"], now),
        "published_offering_count": known(published, now),
        "offering_has_form": known(section["with_form"] > 0, now),
        "publishable_offering_count": known(section["publishable"], now),
        "published_offerings_promise_quality": promised,
    }
