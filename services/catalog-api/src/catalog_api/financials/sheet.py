"""The money of a service in its document, and the facts that tollgates read from it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.charging.queries import section as charging_section
from catalog_api.charging.rules import ChargingKind
from catalog_api.charging.terms import Terms
from catalog_api.financials import actions, facts
from catalog_api.financials.periods import last_months
from catalog_api.financials.schemas import ServiceCosts
from catalog_api.financials.shown import shown_costs
from catalog_api.sheets import Section
from shared.kit.database import Query
from shared.schemas.common import Out

_PROVIDERS = 100  # direct ones that the document shows; all of them count


class CostsSection(Out):
    """Whole months only, so that the figures stand for a month."""

    cost_items: int = Field(description="that have not ended")
    last_12_months: ServiceCosts


class HeldChargingModel(Out):
    """The charging model that holds today."""

    valid_from: date
    kind: ChargingKind
    currency: str
    terms: Terms
    created_at: datetime


def _ask(key: str, moment: datetime) -> Mapping[str, Query[Any]]:
    return actions.asked_of(key, last_months(12, moment.date()), moment)


async def _load(session: AsyncSession, key: str, said: Mapping[str, Any], moment: datetime) -> Any:
    year = last_months(12, moment.date())
    account = await actions.account_by(session, key, year, said)
    figures = account.over(year)
    costs = shown_costs(figures, account.beside(figures)).model_dump(mode="json")
    shown = {**costs, "providers": costs["providers"][:_PROVIDERS]}
    return {"cost_items": account.books.cost_items, "last_12_months": shown}


SECTIONS = (
    Section(
        "costs",
        "Own and full cost, unit cost, recovery and benchmarks over the last 12 whole months",
        CostsSection,
        ask=_ask,
        load=_load,
        definitions=facts.COST_DEFINITIONS,
        facts=facts.cost_facts,
    ),
    Section(
        "charging",
        "How customers are charged today",
        HeldChargingModel | None,
        select=charging_section,
        definitions=facts.CHARGING_DEFINITIONS,
        facts=facts.charging_facts,
    ),
)
