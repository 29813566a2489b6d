"""The statements of the sections that dependencies add to the service document."""

from typing import Any

from sqlalchemy import Double, Select, cast, func, select

from catalog_api import rows
from catalog_api.dependencies.queries import PROVIDER_KEY, PROVIDER_KIND
from catalog_api.dependencies.rules import Strength
from catalog_api.dependencies.tables import Dependency
from catalog_api.registry.queries import brief_services
from catalog_api.vendors.queries import brief_products
from catalog_api.vendors.rules import ProductState
from shared.schemas.catalog import Stage

_dependency = rows.table_of(Dependency).c


def sheet_providers(service: Any, shown: int) -> Select[Any]:
    """What a service depends on directly: counts, and the first by kind and key."""
    near, product = brief_services(), brief_products()
    own = (
        select(
            PROVIDER_KIND.label("kind"),
            PROVIDER_KEY.label("key"),
            func.coalesce(near.c.name, product.c.name).label("name"),
            near.c.stage,
            product.c.state,
            _dependency.strength,
            cast(_dependency.cost_share, Double).label("cost_share"),
        )
        .outerjoin(near, near.c.key == _dependency.provider_service_key)
        .outerjoin(product, product.c.key == _dependency.provider_vendor_product_key)
        .where(_dependency.consumer_key == service)
        .cte("own_provider")
    )
    first = select(own).order_by(own.c.kind, own.c.key).limit(shown)
    return select(
        func.count().label("count"),
        func.count().filter(own.c.strength == Strength.HARD).label("hard_count"),
        func.count().filter(own.c.stage == Stage.RETIREMENT).label("on_retired_count"),
        rows.json_list(first).label("items"),
    ).select_from(own)


def sheet_consumers(service: Any, shown: int) -> Select[Any]:
    """Who depends on a service directly: counts, and the first by key."""
    consumer = brief_services()
    own = (
        select(consumer.c.key, consumer.c.name, consumer.c.stage, _dependency.strength)
        .join(consumer, consumer.c.key == _dependency.consumer_key)
        .where(_dependency.provider_service_key == service)
        .cte("own_consumer")
    )
    return select(
        func.count().label("count"),
        func.count().filter(own.c.strength == Strength.HARD).label("hard_count"),
        rows.json_list(select(own).order_by(own.c.key).limit(shown)).label("items"),
    ).select_from(own)


def sheet_products(service: Any, shown: int) -> Select[Any]:
    """The vendor products that a service depends on directly: counts, and the first by key."""
    product = brief_products()
    own = (
        select(product, _dependency.strength)
        .join(product, product.c.key == _dependency.provider_vendor_product_key)
        .where(_dependency.consumer_key == service)
        .cte("own_product")
    )
    today = func.current_date()
    return select(
        func.count().label("count"),
        func.count().filter(own.c.end_of_life_on <= today).label("past_end_of_life_count"),
        func.count().filter(own.c.contract_to < today).label("expired_count"),
        func.count().filter(own.c.state == ProductState.EXPIRING).label("expiring_count"),
        rows.json_list(select(own).order_by(own.c.key).limit(shown)).label("items"),
    ).select_from(own)
