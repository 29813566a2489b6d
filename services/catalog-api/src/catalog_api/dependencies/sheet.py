"""What a service rests on and who rests on it, in its document; facts for tollgates."""

from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import ScalarSelect

from catalog_api.dependencies import rules, sheet_queries
from catalog_api.dependencies.rules import Strength
from catalog_api.dependencies.schemas import ProviderOut
from catalog_api.rows import json_object
from catalog_api.sheets import Section
from catalog_api.vendors.rules import ProductState
from shared.schemas.catalog import Stage
from shared.schemas.common import Out

_SHOWN = 50


class SheetProvider(ProviderOut):
    strength: Strength
    cost_share: float


class SheetProviders(Out):
    count: int
    hard_count: int
    on_retired_count: int
    items: list[SheetProvider] = Field(description="the first 50 by kind and key")


class SheetConsumer(Out):
    key: str
    name: str
    stage: Stage
    strength: Strength


class SheetConsumers(Out):
    count: int
    hard_count: int
    items: list[SheetConsumer] = Field(description="the first 50 by key")


class SheetProduct(Out):
    key: str
    name: str
    vendor: str
    contract_to: date | None
    end_of_life_on: date | None
    state: ProductState
    strength: Strength


class SheetProducts(Out):
    count: int
    past_end_of_life_count: int
    expired_count: int
    expiring_count: int
    items: list[SheetProduct] = Field(description="the first 50 by key")


def _providers(service: Any) -> ScalarSelect[Any]:
    return json_object(sheet_queries.sheet_providers(service, _SHOWN))


def _consumers(service: Any) -> ScalarSelect[Any]:
    return json_object(sheet_queries.sheet_consumers(service, _SHOWN))


def _products(service: Any) -> ScalarSelect[Any]:
    return json_object(sheet_queries.sheet_products(service, _SHOWN))


SECTIONS = (
    Section(
        "dependencies",
        "What the service depends on directly",
        SheetProviders,
        select=_providers,
        definitions=rules.PROVIDER_DEFINITIONS,
        facts=rules.provider_facts,
    ),
    Section(
        "dependents",
        "Services that depend on it directly",
        SheetConsumers,
        select=_consumers,
        definitions=rules.CONSUMER_DEFINITIONS,
        facts=rules.consumer_facts,
    ),
    Section(
        "vendor_products",
        "Vendor products it depends on directly, with what their dates say today",
        SheetProducts,
        select=_products,
        definitions=rules.PRODUCT_DEFINITIONS,
        facts=rules.product_facts,
    ),
)
