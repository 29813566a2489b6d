"""Reading what the figures of cost are made of, in a handful of statements, and reckoning them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog_api.currencies.queries import rates_into
from catalog_api.currencies.rules import RateTable
from catalog_api.dependencies.closures import downstream
from catalog_api.dependencies.rules import Edge, Node, NodeKind
from catalog_api.financials import queries
from catalog_api.financials.book_queries import books_of
from catalog_api.financials.books import Books, Published, charged_of, consumed_of, currencies_in
from catalog_api.financials.comparisons import Comparison, compared
from catalog_api.financials.figures import (
    NOT_BEGUN,
    CostFigures,
    Ledger,
    by_category,
    figures_of,
)
from catalog_api.financials.periods import Period
from catalog_api.financials.rules import (
    ZERO,
    Entry,
    Figure,
    borne_shares,
    chosen_currency,
    full_costs,
    missing,
    own_costs,
    scaled,
    total,
)
from catalog_api.portfolios.queries import get_portfolio
from catalog_api.registry.queries import require_service
from shared.kit.clock import now
from shared.kit.database import Query, Session, answers


@dataclass(frozen=True)
class Account:
    """A service's ledger, and the currency its figures are given in, or why there is none."""

    ledger: Ledger
    books: Books
    currency: str | None
    without_currency: str

    def over(self, period: Period) -> CostFigures:
        """The figures of a period within the one that was read."""
        return figures_of(self.ledger, period, self.currency, self.without_currency)

    def beside(self, figures: CostFigures) -> list[tuple[Published, Comparison]]:
        """The newest benchmark of each measure and source, with how far the figures are off."""
        rates = self.ledger.rates
        return [(one, compared(one, figures, rates)) for one in self.books.benchmarks]


@dataclass(frozen=True)
class PortfolioFigures:
    """Own cost of each service once, and what the portfolio bears of providers outside it."""

    currency: str | None
    services: Sequence[str]
    own: Figure
    own_by_category: dict[str, Figure]
    from_outside: Figure
    own_of: dict[str, Figure]
    full_of: dict[str, Figure]


async def cost_of(
    session: Session, service_key: str, period: Period, currency: str | None = None
) -> CostFigures:
    """What a service costs, charges and recovers in a period; 404 when there is none.

    Without a currency: the one its own cost items are kept in, else that of all its providers.
    """
    await require_service(session, service_key)
    return (await account_of(session, service_key, period, currency)).over(period)


async def trend_of(
    session: Session, service_key: str, months: Sequence[Period], currency: str | None
) -> list[CostFigures]:
    """The figures of each of some months on end, from one reading; 404 when there is no service."""
    await require_service(session, service_key)
    end = max((month.end for month in months if month.begun), default=months[0].first)
    whole = Period("trend", months[0].first, end, months[-1].complete)
    account = await account_of(session, service_key, whole, currency, by_month=True)
    return [account.over(month) for month in months]


async def account_of(
    session: Session,
    service_key: str,
    period: Period,
    currency: str | None = None,
    *,
    by_month: bool = False,
) -> Account:
    """All that the figures of a period are made of, `by_month` also those of its months.

    In at most three round trips. The service is one that is there.
    """
    said = await answers(session, asked_of(service_key, period, now()))
    return await account_by(session, service_key, period, said, currency, by_month=by_month)


def asked_of(service_key: str, period: Period, moment: datetime) -> dict[str, Query[Any]]:
    """What an account is made of, as far as it is known without asking."""
    return {
        "cost_dependencies": downstream(service_key),
        "cost_books": books_of(service_key, period, moment.date()),
    }


async def account_by(
    session: Session,
    service_key: str,
    period: Period,
    said: Mapping[str, Any],
    currency: str | None = None,
    *,
    by_month: bool = False,
) -> Account:
    """The account, by the answers to `asked_of`."""
    service = Node(NodeKind.SERVICE, service_key)
    closure, books = said["cost_dependencies"], said["cost_books"]
    home = None if by_month else chosen_currency(currency, books.currencies, ())[0]
    entries = await queries.accounts(session, {service, *closure.nodes}, period, home)
    found = {entry.currency for entry in entries}
    chosen, reason = chosen_currency(currency, books.currencies, found)
    ledger = Ledger(
        service=service,
        edges=closure.edges,
        entries=entries,
        consumed=consumed_of(books),
        charged=charged_of(books),
        rates=await _rates(session, chosen, found | currencies_in(books), period),
    )
    return Account(ledger, books, chosen, reason)


async def portfolio_cost_of(
    session: Session, portfolio: str, period: Period, currency: str | None
) -> PortfolioFigures:
    """What the services of a portfolio cost; 404 when there is none."""
    await get_portfolio(session, portfolio)
    keys = await queries.services_of(session, portfolio)
    roots = {Node(NodeKind.SERVICE, key) for key in keys}
    edges = await queries.edges_of_portfolio(session, portfolio)
    nodes = roots | {edge.provider for edge in edges}
    inside = await queries.currencies_in(session, portfolio)
    home, _ = chosen_currency(currency, inside, ())
    entries = await queries.accounts(session, nodes, period, home)
    found = {entry.currency for entry in entries}
    chosen, reason = chosen_currency(currency, inside, found)
    if chosen is None or not period.begun:
        return _without_value(keys, chosen, reason if period.begun else NOT_BEGUN)
    rates = await _rates(session, chosen, found, period)
    # Thousands of services take a while: others are served meanwhile.
    return await asyncio.to_thread(_reckoned, keys, edges, entries, (chosen, rates))


def _reckoned(
    keys: Sequence[str],
    edges: Sequence[Edge],
    entries: Sequence[Entry],
    money: tuple[str, RateTable],
) -> PortfolioFigures:
    """The figures of a portfolio; `money` is their currency and the rates into it."""
    currency, rates = money
    roots = {Node(NodeKind.SERVICE, key) for key in keys}
    own = own_costs(entries, currency, rates)
    full = full_costs(dict.fromkeys(roots, ZERO) | own, edges)
    outside = {
        node: share for node, share in borne_shares(roots, edges).items() if node not in roots
    }
    return PortfolioFigures(
        currency=currency,
        services=keys,
        own=total(own.get(root, ZERO) for root in roots),
        own_by_category=by_category(entries, roots, currency, rates),
        from_outside=total(scaled(own.get(node, ZERO), share) for node, share in outside.items()),
        own_of={root.key: own.get(root, ZERO) for root in roots},
        full_of={root.key: full[root] for root in roots},
    )


def _without_value(keys: Sequence[str], currency: str | None, reason: str) -> PortfolioFigures:
    none = missing(reason)
    each = dict.fromkeys(keys, none)
    return PortfolioFigures(currency, keys, none, {}, none, each, each)


async def _rates(
    session: Session, currency: str | None, others: set[str], period: Period
) -> RateTable:
    """The rates that a period can need, and benchmarks that were published since."""
    if currency is None:
        return {}
    return await rates_into(session, currency, others, max(period.end, now().date()))
