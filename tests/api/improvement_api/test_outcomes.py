"""The outcomes report: what the owners said, side by side, and what they could not say."""

from typing import Any

import httpx
import pytest

from tests.support.improvement import Improvement

REPORT = "/v1/reports/outcomes"


def _value(value: float | None, count: int, share: dict[str, int] | None = None) -> dict[str, Any]:
    return {"period": "p", "value": value, "count": count, "share": share}


def _series(kpi: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"kpi": kpi, "values": list(values)}


class Owners(httpx.AsyncBaseTransport):
    """Both owners, with figures that are reckoned by hand in the tests."""

    def __init__(self) -> None:
        self.asked: list[httpx.URL] = []
        self.odd: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        return httpx.Response(200, json=self._said(request.url))

    def _said(self, url: httpx.URL) -> dict[str, Any]:
        if self.odd is not None and self.odd in url.path:
            return {"figures": []}
        if url.path == "/v1/portfolios":
            return {"items": [{"key": "workplace"}, {"key": "apps"}], "next_cursor": None}
        if url.path.endswith("/costs"):
            first = len([u for u in self.asked if u.path == url.path]) == 1
            own = {"value": "1000.00" if first else "900.00", "reason": None}
            return {"currency": "EUR", "own": own}
        if url.path.endswith("/customer-retention"):
            return {"engaged": 4, "retained": 3, "ratio": 0.75, "reason": None}
        if "grain" in url.params:
            shares = [{"numerator": 3, "denominator": 10}, {"numerator": 1, "denominator": 10}]
            low = [_value(0.1, 10, share) for share in shares]
            return {
                "kpis": [
                    _series("low_value_share", *low),
                    _series("unplanned_outages", _value(2, 2), _value(None, 0), _value(1, 1)),
                ]
            }
        return {
            "kpis": [
                _series("csat", _value(0.7, 40), _value(0.8, 60)),
                _series("nps", _value(None, 0), _value(20.0, 9)),
            ]
        }


@pytest.fixture
def owners(tollgate: Improvement) -> Owners:
    made = Owners()
    tollgate.fake.real |= {"catalog": made, "metrics": made}
    return made


async def outcomes(tollgate: Improvement, **params: Any) -> dict[str, Any]:
    reply = await tollgate.http.get(REPORT, params=params)
    assert reply.status_code == 200, reply.text
    return {one["id"]: one for one in reply.json()["items"]}


async def test_every_outcome_has_value_n_formula_and_source(
    tollgate: Improvement, owners: Owners
) -> None:
    found = await outcomes(tollgate)

    values = {name: (one["value"], one["n"]) for name, one in found.items()}
    assert values == {
        "csat_change": (pytest.approx(0.1), 100),
        "nps_change": (None, 9),
        "delivery_cost_change": (-0.1, 2),
        "rca_coverage": (None, 0),
        "permanent_fix_rate": (None, 0),
        "low_value_share": (0.2, 20),
        "unplanned_outages": (3.0, 2),
        "customer_retention": (0.75, 4),
    }
    assert all(one["formula"] and "-api GET /v1/" in one["source"] for one in found.values())
    assert all((one["value"] is None) == (one["reason"] is not None) for one in found.values())


@pytest.mark.parametrize(
    ("owner", "silent"),
    [
        ("metrics", {"csat_change", "nps_change", "low_value_share", "unplanned_outages"}),
        ("catalog", {"delivery_cost_change", "customer_retention"}),
    ],
)
async def test_an_owner_that_is_away_takes_only_its_own_figures_with_it(
    tollgate: Improvement, owners: Owners, owner: str, silent: set[str]
) -> None:
    tollgate.fake.down.add(owner)

    found = await outcomes(tollgate)

    away = {name for name, one in found.items() if f"{owner}-api" in (one["reason"] or "")}
    assert away == silent
    assert any(one["value"] is not None for one in found.values())


@pytest.mark.parametrize(
    ("path", "silent"),
    [
        ("/kpis/all", {"csat_change", "nps_change", "low_value_share", "unplanned_outages"}),
        ("/costs", {"delivery_cost_change"}),
        ("/customer-retention", {"customer_retention"}),
    ],
)
async def test_an_answer_of_another_shape_is_no_answer(
    tollgate: Improvement, owners: Owners, path: str, silent: set[str]
) -> None:
    owners.odd = path

    found = await outcomes(tollgate)

    assert {name for name, one in found.items() if "shape" in (one["reason"] or "")} == silent


async def test_only_a_change_has_a_first_and_a_last_quarter(
    tollgate: Improvement, owners: Owners
) -> None:
    found = await outcomes(tollgate)

    compared = {name for name, one in found.items() if one["first"] is not None}
    assert compared == {"csat_change", "delivery_cost_change"}


async def test_one_month_holds_no_two_quarters_and_says_so(
    tollgate: Improvement, owners: Owners
) -> None:
    found = await outcomes(tollgate, months=1)

    assert found["csat_change"]["reason"] == "the months asked for do not hold two whole quarters"
    assert found["low_value_share"]["value"] == 0.2


async def test_it_is_a_page_for_people(tollgate: Improvement, owners: Owners) -> None:
    page = await tollgate.http.get(REPORT, params={"format": "html"})

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Customers retained" in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("months", [0, 61, 10**30, "x"])
async def test_absurd_spans_are_422(tollgate: Improvement, months: Any) -> None:
    reply = await tollgate.http.get(REPORT, params={"months": months})

    assert reply.status_code == 422


async def test_without_the_scope_it_is_403_and_nobody_is_asked(
    tollgate: Improvement, owners: Owners
) -> None:
    stranger = tollgate.caller("eve", scope="gates:read")

    assert (await tollgate.http.get(REPORT, headers=stranger)).status_code == 403
    assert owners.asked == []
