"""The lists that are reckoned rather than read."""

import asyncio
from collections.abc import Sequence
from datetime import date

from catalog_api.copies.schemas import BenchmarkComparison, CostSummaryOut, PeriodCosts
from catalog_api.currencies.queries import rates_among
from catalog_api.dependencies.queries import edges_downstream
from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.financials.periods import recent_periods
from catalog_api.financials.queries import accounts
from catalog_api.financials.shown import shown, shown_measure, shown_period
from catalog_api.financials.summaries import (
    CostSummary,
    GraphAccounts,
    SharedBooks,
    compared_with,
    summaries_of,
)
from catalog_api.financials.summary_queries import service_keys, shared_books
from shared.kit.database import Session
from shared.kit.pagination import PageParams


async def cost_summaries(session: Session, page: PageParams, today: date) -> list[CostSummaryOut]:
    """What services cost in the recent periods, by key, one more than the page holds.

    A dozen statements, however many services the page has.
    """
    keys = await service_keys(session, page)
    periods = recent_periods(today)
    first, end = min(one.first for one in periods), max(one.end for one in periods)
    books = await shared_books(session, keys, first, end)
    edges = await edges_downstream(session, keys)
    nodes = {Node(NodeKind.SERVICE, key) for key in keys} | {edge.provider for edge in edges}
    home = _only_currency(books)
    entries = [await accounts(session, nodes, period, home) for period in periods]
    currencies = {entry.currency for found in entries for entry in found} | _currencies_in(books)
    rates = await rates_among(session, currencies, max(end, today))
    ledgers = [
        GraphAccounts(period, found, edges, rates)
        for period, found in zip(periods, entries, strict=True)
    ]
    # Thousands of services take a while: others are served meanwhile.
    return await asyncio.to_thread(_reckoned, keys, books, ledgers)


def _only_currency(books: SharedBooks) -> str | None:
    """The currency of all figures, if it is one: then costs kept in it need no rate of a month.

    Whoever has no cost of its own is shown in another currency only if all it bears is kept in it.
    """
    kept = {one for found in books.currencies.values() for one in found}
    return kept.pop() if len(kept) == 1 else None


def _currencies_in(books: SharedBooks) -> set[str]:
    own = {one for found in books.currencies.values() for one in found}
    charged = {one.currency for found in books.recovered.values() for one in found}
    published = {
        one.currency
        for found in books.benchmarks.values()
        for one in found
        if one.currency is not None
    }
    return own | charged | published


def _reckoned(
    keys: Sequence[str], books: SharedBooks, ledgers: Sequence[GraphAccounts]
) -> list[CostSummaryOut]:
    periods: dict[str, list[PeriodCosts]] = {key: [] for key in keys}
    for ledger in ledgers:
        for summary in summaries_of(keys, books, ledger):
            periods[summary.service].append(_shown(summary, books, ledger))
    return [CostSummaryOut(service=key, periods=found) for key, found in periods.items()]


def _shown(summary: CostSummary, books: SharedBooks, ledger: GraphAccounts) -> PeriodCosts:
    return PeriodCosts(
        period=shown_period(summary.period),
        currency=summary.currency,
        full=shown(summary.full),
        month_cost=shown(summary.month_cost),
        unit_cost=shown_measure(summary.unit_cost, money=True),
        user_cost=shown_measure(summary.user_cost, money=True),
        recovery_ratio=shown_measure(summary.recovery_ratio, money=False),
        comparisons=[
            BenchmarkComparison(
                benchmark=published.id,
                difference=shown_measure(one.difference, money=published.currency is not None),
                relative_difference=shown_measure(one.relative_difference, money=False),
            )
            for published, one in compared_with(summary, books, ledger.rates)
        ],
    )
