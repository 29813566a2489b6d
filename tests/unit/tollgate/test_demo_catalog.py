"""The tables of the demo's catalog fit together, whatever the APIs would refuse later."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from graphlib import TopologicalSorter

import pytest

from tollgate.demo.catalog import agreements, customers, estate, experience, money, planning
from tollgate.demo.catalog.money import month_before
from tollgate.demo.content import PORTFOLIOS, SERVICES
from tollgate.demo.improvement.portal import PORTAL

NAMES = {service.key for service in (*SERVICES, PORTAL)}


def named_services() -> set[str]:
    """Every service that a table of the catalog names."""
    return {
        *(engagement.service for engagement in customers.ENGAGEMENTS),
        *(needs.consumer for needs in estate.DEPENDENCIES),
        *(needs.provider for needs in estate.DEPENDENCIES if needs.kind == "service"),
        *(service for served in planning.SERVED_BY.values() for service in served),
        *(service for activity in experience.ACTIVITIES for service in activity.services),
        *(service for touchpoint in experience.TOUCHPOINTS for service in touchpoint.services),
        *(service for agreement in agreements.AGREEMENTS for service in agreement.services),
        *(running.service for running in money.RUNNING),
        *(investment.service for investment in money.INVESTMENTS),
    }


def test_every_service_that_is_named_is_one_of_the_demo() -> None:
    assert named_services() <= NAMES


def test_every_service_is_in_a_portfolio_of_the_demo() -> None:
    assert {service.portfolio for service in SERVICES} == {one.key for one in PORTFOLIOS}


def test_every_vendor_product_is_needed_by_a_service() -> None:
    needed = {needs.provider for needs in estate.DEPENDENCIES if needs.kind == "vendor_product"}
    assert needed == {product.key for product in estate.PRODUCTS}


def test_the_dependencies_have_no_cycle() -> None:
    graph: TopologicalSorter[str] = TopologicalSorter()
    for needs in estate.DEPENDENCIES:
        graph.add(needs.consumer, needs.provider)
    graph.prepare()


def test_nobody_is_paid_more_than_they_cost() -> None:
    shares: defaultdict[str, Decimal] = defaultdict(Decimal)
    for needs in estate.DEPENDENCIES:
        shares[needs.provider] += Decimal(needs.cost_share)
    assert max(shares.values()) <= 1


def test_a_signed_agreement_is_signed_by_two_persons() -> None:
    for agreement in agreements.AGREEMENTS:
        assert agreement.provider.signatory != agreement.customer.signatory


@pytest.mark.parametrize(
    ("ago", "month"), [(0, "2026-02"), (1, "2026-01"), (2, "2025-12"), (14, "2024-12")]
)
def test_months_are_counted_back_over_the_turn_of_the_year(ago: int, month: str) -> None:
    assert month_before(date(2026, 2, 28), ago) == month
