"""The books of a service in one statement: models, consumption, charges, benchmarks."""

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, ScalarSelect, Select, Text, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array, distinct_on

from catalog_api import rows
from catalog_api.benchmarks.tables import Benchmark
from catalog_api.charging.tables import Charge, ChargingModel, Consumption
from catalog_api.costs.tables import CostItem
from catalog_api.financials.books import Books
from catalog_api.financials.periods import Period
from shared.kit.database import Query

_item = CostItem.__table__.c
_model = ChargingModel.__table__.c
_used = Consumption.__table__.c
_charge = Charge.__table__.c
_benchmark = Benchmark.__table__.c
_BENCHMARKS = 100
_NONE = cast(array([], type_=Text()), ARRAY(Text()))


_SERVICE = bindparam("service", type_=Text())
_FIRST, _END, _TODAY = (bindparam(name, type_=Date()) for name in ("first", "end", "today"))


def books_of(service: str, period: Period, today: date) -> Query[Books]:
    """All that the figures of a service need besides costs; decimals travel as text."""
    asked = {"service": service, "first": period.first, "end": period.end, "today": today}
    return Query(_books(), asked, lambda rows: Books.model_validate(rows[0]))


@cache
def _books() -> Select[Any]:
    own = _item.service_key == _SERVICE
    items = select(func.count()).where(own, or_(_item.ends_on.is_(None), _item.ends_on >= _TODAY))
    currencies = select(func.array_agg(_item.currency.distinct())).where(own)
    return select(
        func.coalesce(currencies.scalar_subquery(), _NONE).label("currencies"),
        items.scalar_subquery().label("cost_items"),
        _models().label("models"),
        _consumption().label("used"),
        _charges().label("charged"),
        _benchmarks().label("benchmarks"),
    )


def _models() -> ScalarSelect[object]:
    columns = (_model.valid_from, _model.currency, _model.terms)
    models = select(*columns).where(_model.service_key == _SERVICE)
    return rows.json_list(models.order_by(_model.valid_from))


def _consumption() -> ScalarSelect[object]:
    """Each entry by itself: tiers are counted for each customer."""
    return rows.json_list(
        select(_used.month, _used.users, cast(_used.units, Text).label("units"))
        .where(_used.service_key == _SERVICE, _used.month >= _FIRST, _used.month < _END)
        .order_by(_used.month, _used.id)
    )


def _charges() -> ScalarSelect[object]:
    amount = cast(func.sum(_charge.amount), Text).label("amount")
    return rows.json_list(
        select(_charge.state, _charge.month, _charge.currency, amount)
        .where(_charge.service_key == _SERVICE, _charge.month >= _FIRST, _charge.month < _END)
        .group_by(_charge.state, _charge.month, _charge.currency)
        .order_by(_charge.month, _charge.state, _charge.currency)
    )


def _benchmarks() -> ScalarSelect[object]:
    """The newest of each measure and source."""
    which = (_benchmark.measure, _benchmark.source)
    return rows.json_list(
        select(
            _benchmark.id,
            *which,
            cast(_benchmark.value, Text).label("value"),
            _benchmark.currency,
            _benchmark.unit,
            _benchmark.published_on,
            _benchmark.url,
        )
        .where(_benchmark.service_key == _SERVICE)
        .ext(distinct_on(*which))
        .order_by(*which, _benchmark.published_on.desc(), _benchmark.id.desc())
        .limit(_BENCHMARKS)
    )
