"""The accounts: what services and vendor products cost in each month, summed by PostgreSQL.

Straight-line: each calendar month bears its part of a quarter, a year or the life of an investment,
and each day of a month the same part of that. Sums come as exact fractions, a numerator (amount, or
amount · days) and a denominator (months, or months · days of the month): nothing is rounded.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.costs.tables import CostItem
from catalog_api.dependencies.queries import edge_of, edges_of, levels
from catalog_api.dependencies.rules import Direction, Edge, Node, NodeKind
from catalog_api.financials.periods import Period
from catalog_api.financials.rules import Entry
from catalog_api.registry.tables import Service
from shared.kit.database import rows_of

_item = CostItem.__table__.c
_service = Service.__table__.c
_NO_KEYS = cast(array([], type_=Text()), ARRAY(Text()))

# `spread` is borne evenly from `begins` until before `ends`, `amount` every `months` months: opex,
# contracts with vendors, and investments from the month of their acquisition on. `at_once` falls on
# one day: opex that is due once, and what is left of an investment that is disposed of before its
# life ends. Items that end the day before they start never counted.
_ACCOUNTS = """
WITH span AS (
    SELECT CAST(:first AS date) AS first, CAST(:end AS date) AS "end"
), month AS (
    SELECT day::date AS first, (day + interval '1 month')::date AS following
    FROM span, generate_series(span.first::timestamp, span.end - interval '1 day', '1 month') AS day
), item AS (
    SELECT service_key, category, currency, kind, per, starts_on, ends_on, amortisation_months,
        amount - coalesce(residual_value, 0) AS amount,
        date_trunc('month', starts_on)::date AS start_month
    FROM catalog.cost_item
    WHERE service_key = ANY(:services) AND (ends_on IS NULL OR ends_on >= starts_on)
), spread AS (
    SELECT 'service' AS kind, service_key AS key, category, currency, amount,
        CASE per WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12
            ELSE amortisation_months END AS months,
        CASE kind WHEN 'capex' THEN start_month ELSE starts_on END AS begins,
        least(
            ends_on + 1, (start_month + make_interval(months => amortisation_months))::date
        ) AS ends
    FROM item
    WHERE per IS DISTINCT FROM 'once'
    UNION ALL
    SELECT 'vendor_product', key, 'vendor', cost_currency, cost_amount,
        CASE cost_period WHEN 'month' THEN 1 ELSE 12 END,
        coalesce(contract_from, '-infinity'), contract_to + 1
    FROM catalog.vendor_product
    WHERE key = ANY(:products) AND cost_amount IS NOT NULL
), share AS (
    SELECT spread.*, month.first AS month, month.following - month.first AS days_of_month,
        least(month.following, ends, span.end) - greatest(month.first, begins) AS days
    FROM span, spread JOIN month
        ON begins < month.following AND (ends IS NULL OR ends > month.first)
    WHERE begins < span.end
), evenly AS (
    -- A whole month is one part, so that most sums have one denominator.
    SELECT kind, key, category, currency, month,
        CASE WHEN days = days_of_month THEN amount ELSE amount * days END AS numerator,
        CASE WHEN days = days_of_month THEN months ELSE months * days_of_month END AS denominator
    FROM share
), disposal AS (
    SELECT item.*, month.first AS month, month.following - month.first AS days,
        ends_on + 1 - month.first AS day,
        amortisation_months - 12 * (extract(year FROM ends_on) - extract(year FROM starts_on))
            - (extract(month FROM ends_on) - extract(month FROM starts_on)) AS months_left
    FROM span, item JOIN month ON ends_on >= month.first AND ends_on < month.following
    WHERE kind = 'capex' AND ends_on < span.end
), at_once AS (
    SELECT 'service' AS kind, service_key AS key, category, currency,
        date_trunc('month', starts_on)::date AS month, amount AS numerator, 1 AS denominator
    FROM span, item
    WHERE per = 'once' AND starts_on >= span.first AND starts_on < span.end
    UNION ALL
    SELECT 'service', service_key, category, currency, month,
        amount * (months_left * days - day), amortisation_months * days
    FROM disposal
    WHERE months_left > 0
)
SELECT kind, key, category, currency,
    CASE WHEN currency = CAST(:home AS text) THEN span.first ELSE month END AS month,
    sum(numerator) AS numerator, denominator
FROM span, (SELECT * FROM evenly UNION ALL SELECT * FROM at_once) AS entry
GROUP BY 1, 2, 3, 4, 5, denominator
"""


async def accounts(
    session: AsyncSession, nodes: Collection[Node], period: Period, home: str | None = None
) -> list[Entry]:
    """What each of the nodes costs by itself in each month of the days of a period.

    What is kept in the currency `home` needs no rates: it is summed over the whole period, under
    its first month.
    """
    if not period.begun:
        return []
    found = await rows_of(
        session,
        _ACCOUNTS,
        {
            "first": period.first,
            "end": period.end,
            "home": home,
            "services": [node.key for node in nodes if node.kind is NodeKind.SERVICE],
            "products": [node.key for node in nodes if node.kind is NodeKind.VENDOR_PRODUCT],
        },
    )
    return [Entry(Node(NodeKind(row.kind), row.key), *row[2:]) for row in found]


async def services_of(session: AsyncSession, portfolio: str) -> list[str]:
    """The services of a portfolio, by key."""
    statement = select(_service.key).where(_service.portfolio_key == portfolio)
    return list(await session.scalars(statement.order_by(_service.key)))


async def currencies_in(session: AsyncSession, portfolio: str) -> set[str]:
    """The currencies in which the cost items of a portfolio's services are kept."""
    statement = (
        select(_item.currency)
        .join(Service, _service.key == _item.service_key)
        .where(_service.portfolio_key == portfolio)
        .distinct()
    )
    return set(await session.scalars(statement))


async def edges_of_portfolio(session: AsyncSession, portfolio: str) -> list[Edge]:
    """Every dependency of the services of a portfolio and of their transitive providers."""
    first: ColumnElement[Any] = (
        select(func.coalesce(func.array_agg(_service.key, type_=ARRAY(Text())), _NO_KEYS))
        .where(_service.portfolio_key == portfolio)
        .scalar_subquery()
    )
    found = await session.execute(edges_of(levels(first, Direction.DOWN)))
    return [edge_of(row) for row in found]
