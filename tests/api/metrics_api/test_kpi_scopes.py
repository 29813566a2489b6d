"""KPIs of more than one service, by slice, and from the incidents alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics_api.incidents.rules import FoldedIncident, Transition
from metrics_api.indicators.figures import NOTHING
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.live import Reading
from metrics_api.indicators.live_queries import incident_sums
from metrics_api.indicators.periods import Span
from metrics_api.indicators.queries import compact_batch
from metrics_api.indicators.scopes import LIVE, Relations, Scope, ScopeKind, Slice
from metrics_api.indicators.values import figure_of_parts
from metrics_api.records.tables import Outage
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.copies import add_copy
from tests.support.incidents import (
    add_service,
    incidents,
    make_incident,
    replace,
    resolved_incident,
    store,
)
from tests.support.metrics import Metrics
from tests.support.record_rows import add_records

MAY = datetime(2016, 5, 2, 12, tzinfo=UTC)
SPRING = datetime(2016, 3, 1, tzinfo=UTC), datetime(2016, 5, 15, tzinfo=UTC)
INCIDENT_KPIS = [
    KpiId.MTTR,
    KpiId.MTTR_BUSINESS,
    KpiId.MTTA,
    KpiId.FCR,
    KpiId.REOPEN_RATE,
    KpiId.BACKLOG,
    KpiId.INCIDENT_COUNT,
    KpiId.SLA_ATTAINMENT,
    KpiId.BOUNCING_RATE,
    KpiId.HOLD_SHARE,
    KpiId.REWORK_RATE,
]


@pytest.fixture(autouse=True)
async def world(metrics: Metrics) -> None:
    """Two services of a portfolio, one of another; a customer of the first; a vendor product."""
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail", portfolio="apps")
        await add_service(session, "crm", portfolio="apps")
        await add_service(session, "network", portfolio="infra")
        await add_copy(
            session, "customer", "sales", {"key": "sales", "name": "Sales", "active": True}
        )
        engagement = {"customer": "sales", "service": "mail"}
        days = {"engaged_from": "2016-01-01", "engaged_to": None}
        await add_copy(session, "engagement", "1", engagement | days)
        product = {"key": "exchange", "name": "Exchange", "vendor": "microsoft"}
        await add_copy(session, "vendor_product", "exchange", product)


async def given_incidents(metrics: Metrics, *found: FoldedIncident) -> None:
    async with transaction(metrics.engine) as session:
        await store(session, found)


async def read(metrics: Metrics, path: str, **asked: Any) -> dict[str, Any]:
    reply = await metrics.http.get(f"/v1/{path}", params={"periods": "2016-05", **asked})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def value(metrics: Metrics, path: str, kpi: str, **asked: Any) -> dict[str, Any]:
    (series,) = (await read(metrics, path, kpi=kpi, **asked))["kpis"]
    (one,) = series["values"]
    found: dict[str, Any] = one
    return found


class TestScopes:
    async def test_each_scope_covers_its_own_records(self, metrics: Metrics) -> None:
        of_mail = resolved_incident("mail", MAY, 1)
        of_product = resolved_incident("crm", MAY, 2)._replace(vendor_product="exchange")
        stray = resolved_incident("x", MAY, 9)._replace(service=None)
        await given_incidents(
            metrics, of_mail, of_product, resolved_incident("network", MAY, 4), stray
        )
        found = {
            path: (await value(metrics, f"{path}kpis{end}", "mttr"))["value"]
            for path, end in [
                ("services/mail/", ""),
                ("portfolios/apps/", ""),
                ("customers/sales/", ""),
                ("vendor-products/exchange/", ""),
                ("", "/all"),
            ]
        }
        assert found == {
            "services/mail/": 1,
            "portfolios/apps/": 1.5,
            "customers/sales/": 1,
            "vendor-products/exchange/": 2,
            "": 4,
        }

    async def test_a_reply_says_what_it_is_of(self, metrics: Metrics) -> None:
        found = await read(metrics, "customers/sales/kpis", kpi="nps", timezone="Europe/Vienna")
        assert (found["scope"], found["key"], found["name"]) == ("customer", "sales", "Sales")
        assert found["timezone"] == "Europe/Vienna"
        assert found["kpis"][0]["definition"] == "/v1/kpis/nps"
        definition = (await metrics.http.get(found["kpis"][0]["definition"])).json()
        assert (definition["unit"], definition["of"]) == ("points", "survey")

    @pytest.mark.parametrize("scope", ["services", "portfolios", "customers", "vendor-products"])
    @pytest.mark.parametrize("key", ["unknown", "No%20Slug", "%00"])
    async def test_what_is_unknown_is_not_found(
        self, metrics: Metrics, scope: str, key: str
    ) -> None:
        reply = await metrics.http.get(f"/v1/{scope}/{key}/kpis", params={"periods": "2016"})
        assert reply.status_code == 404

    async def test_percentiles_are_exact_for_one_service_and_near_for_many(
        self, metrics: Metrics
    ) -> None:
        some = [resolved_incident("mail", MAY, hours) for hours in (1, 2, 3)]
        await given_incidents(metrics, *some, resolved_incident("crm", MAY, 5))
        one = (await value(metrics, "services/mail/kpis", "mttr"))["percentiles"]
        many = (await value(metrics, "portfolios/apps/kpis", "mttr"))["percentiles"]
        assert (one["p50"], one["approximate"]) == (2, False)
        assert (many["p50"], many["approximate"]) == (pytest.approx(2.5, rel=0.01), True)

    async def test_all_of_a_day_is_read_from_the_incidents_where_it_is_cut(
        self, metrics: Metrics
    ) -> None:
        stray = resolved_incident("x", MAY, 9)._replace(service=None)
        await given_incidents(metrics, stray, resolved_incident("mail", MAY, 1))
        asked = {"periods": "2016-05-02", "timezone": "Asia/Kathmandu"}
        assert (await value(metrics, "kpis/all", "mttr", **asked))["value"] == 5


class TestSlices:
    async def test_slices_stand_beside_the_whole(self, metrics: Metrics) -> None:
        done = resolved_incident("mail", MAY, 1)
        by_phone = done._replace(channel="phone")
        at_desk = done._replace(channel="phone", touchpoint="desk", opened_at=MAY)
        await given_incidents(metrics, done, by_phone, by_phone, at_desk)
        found = await read(metrics, "services/mail/kpis", kpi="mttr", slice="touchpoint")
        (series,) = found["kpis"]
        slices = {one["slice"]: one["values"][0] for one in series["slices"]}
        assert {key: (one["value"], one["count"]) for key, one in slices.items()} == {
            "phone": (1, 2),
            "desk": (0, 1),
            None: (1, 1),
        }
        assert series["slices"][0]["slice"] == "phone"
        assert series["values"][0]["count"] == 4
        assert slices["desk"]["percentiles"]["p95"] == 0

    @pytest.mark.parametrize("slice_by", list(Slice))
    async def test_the_slices_of_every_kpi_add_up_to_the_whole(
        self, metrics: Metrics, slice_by: Slice
    ) -> None:
        opened = (Transition(MAY, None, "new"),)
        late = make_incident(service="mail", opened_at=MAY, resolution_late_from=MAY)
        done = resolved_incident("mail", MAY, 1)._replace(business_us=60, hold_us=5)
        await given_incidents(
            metrics,
            done._replace(priority=2, resolution_met=True),
            done._replace(channel="phone"),
            late._replace(transitions=opened, acknowledgement_at=MAY),
        )
        found = await read(metrics, "services/mail/kpis", kpi=INCIDENT_KPIS, slice=slice_by)
        for series in found["kpis"]:
            parts = [one["values"][0]["count"] for one in series["slices"]]
            assert sum(parts) == series["values"][0]["count"] > 0, series["kpi"]

    async def test_a_source_is_named_by_its_key(self, metrics: Metrics) -> None:
        await given_incidents(metrics, resolved_incident("mail", MAY, 1))
        found = await read(metrics, "kpis/all", kpi="mttr", slice="source")
        assert [one["slice"] for one in found["kpis"][0]["slices"]] == ["tests"]

    async def test_of_very_many_slices_the_largest_are_told(self, metrics: Metrics) -> None:
        done = resolved_incident("mail", MAY, 1)
        some = [done._replace(channel=f"channel {n}") for n in range(120)]
        await given_incidents(metrics, *some, done._replace(channel="channel 7"))
        found = await read(metrics, "services/mail/kpis", kpi="mttr", slice="channel")
        slices = [one["slice"] for one in found["kpis"][0]["slices"]]
        assert (len(slices), slices[0]) == (100, "channel 7")


class TestCourse:
    """What went to waste on the way of incidents, and their clocks."""

    async def test_open_incidents_that_are_late_stand_beside_sla_attainment(
        self, metrics: Metrics
    ) -> None:
        met = resolved_incident("mail", MAY, 1)._replace(resolution_met=True)
        unclocked = resolved_incident("mail", MAY, 1)
        late = make_incident(service="mail", opened_at=MAY, resolution_late_from=MAY)
        breached_too_late = late._replace(resolution_late_from=datetime(2016, 7, 1, tzinfo=UTC))
        await given_incidents(
            metrics, met, met, met._replace(resolution_met=False), unclocked, late,
            breached_too_late,
        )  # fmt: skip
        found = await value(metrics, "services/mail/kpis", "sla_attainment")
        assert (found["value"], found["count"], found["open_breached"]) == (2 / 3, 3, 1)
        assert found["exclusions"] == {"no_clock": 1}

    async def test_business_time_unknown_is_excluded(self, metrics: Metrics) -> None:
        known = resolved_incident("mail", MAY, 5)._replace(business_us=7_200_000_000)
        await given_incidents(metrics, known, known._replace(business_us=None))
        found = await value(metrics, "services/mail/kpis", "mttr_business")
        assert (found["value"], found["count"]) == (2, 1)
        assert found["exclusions"] == {"no_business_time": 1}
        assert found["percentiles"]["p50"] == 2

    async def test_time_on_hold_is_a_share_of_the_time_it_is_known_of(
        self, metrics: Metrics
    ) -> None:
        held = resolved_incident("mail", MAY, 4)._replace(hold_us=3_600_000_000)
        await given_incidents(metrics, held, held._replace(hold_us=0), held._replace(hold_us=None))
        found = await value(metrics, "services/mail/kpis", "hold_share")
        assert (found["value"], found["count"]) == (0.125, 2)
        assert found["exclusions"] == {"no_hold_time": 1}

    async def test_bouncing_and_rework_are_shares_of_the_resolved(self, metrics: Metrics) -> None:
        done = resolved_incident("mail", MAY, 4)
        back = (Transition(MAY, None, "in_progress"), Transition(MAY, "in_progress", "new"))
        handed_back = done._replace(transitions=(*back, Transition(MAY, "new", "resolved")))
        await given_incidents(
            metrics,
            done,
            done._replace(reassignment_count=2),
            done._replace(reopened=True),
            handed_back,
        )
        assert (await value(metrics, "services/mail/kpis", "bouncing_rate"))["value"] == 0.25
        assert (await value(metrics, "services/mail/kpis", "rework_rate"))["value"] == 0.5


class TestReasons:
    async def test_no_record_at_all_is_not_the_same_as_none_in_the_period(
        self, metrics: Metrics
    ) -> None:
        await given_incidents(metrics, resolved_incident("mail", MAY - timedelta(days=60), 1))
        assert (await reason(metrics, "mail"))["code"] == "nothing_resolved"
        assert (await reason(metrics, "crm"))["code"] == "no_records"

    async def test_records_that_are_attributed_to_nothing_are_the_reason(
        self, metrics: Metrics
    ) -> None:
        await given_incidents(metrics, resolved_incident("x", MAY, 1)._replace(service=None))
        assert (await reason(metrics, "mail"))["code"] == "unattributed"

    async def test_every_kpi_without_a_number_says_why(self, metrics: Metrics) -> None:
        found = await read(metrics, "services/mail/kpis")
        for series in found["kpis"]:
            (one,) = series["values"]
            assert one["value"] is None
            assert one["reason"]["code"] == "no_records", series["kpi"]
            assert one["reason"]["text"]

    async def test_no_outage_is_a_number_of_outages_but_no_time_between(
        self, metrics: Metrics
    ) -> None:
        at = datetime(2016, 1, 1, tzinfo=UTC)
        outage = {"service": "mail", "started_at": at, "ended_at": at + timedelta(hours=1)}
        async with transaction(metrics.engine) as session:
            await add_records(session, Outage, outage | {"planned": False, "degraded": False})
        assert (await value(metrics, "services/mail/kpis", "unplanned_outages"))["value"] == 0
        assert (await value(metrics, "services/mail/kpis", "availability"))["value"] == 1
        assert (await reason(metrics, "mail", "mtbf"))["code"] == "no_outages"


async def reason(metrics: Metrics, service: str, kpi: str = "mttr") -> dict[str, Any]:
    found: dict[str, Any] = (await value(metrics, f"services/{service}/kpis", kpi))["reason"]
    return found


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(found=st.lists(incidents("any", *SPRING), max_size=12), compacted=st.booleans())
async def test_the_incidents_alone_say_what_cells_and_sketches_say(
    metrics: Metrics, found: list[FoldedIncident], compacted: bool
) -> None:
    """Live, and from other relations: figures as of a moment are read so."""
    service, ids = "mail", [uuid4().hex for _ in found]
    known = dict(zip(ids, (one._replace(service=service) for one in found), strict=True))
    async with transaction(metrics.engine) as session:
        await replace(session, {}, known)
        if compacted:
            await compact_batch(session)
    told = await read(metrics, "services/mail/kpis", kpi=INCIDENT_KPIS, periods="2016-04,2016-Q1")
    spans = [
        Span(0, datetime(2016, 4, 1, tzinfo=UTC), datetime(2016, 5, 1, tzinfo=UTC)),
        Span(1, datetime(2016, 1, 1, tzinfo=UTC), datetime(2016, 4, 1, tzinfo=UTC)),
    ]
    scope = Scope(ScopeKind.SERVICE, service, (service,))
    elsewhere = Relations(**{**vars(LIVE), "incident": "pg_temp.incident"})
    async with transaction(metrics.engine) as session:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "CREATE TEMP TABLE incident ON COMMIT DROP AS TABLE metrics.incident"
        )
        for series in told["kpis"]:
            for relations in (LIVE, elsewhere):
                reading = Reading(scope.kind, relations)
                parts = await incident_sums(session, series["kpi"], scope, spans, reading)
                figures = {one.n: figure_of_parts(KPIS[series["kpi"]], one) for one in parts}
                for n, told_value in enumerate(series["values"]):
                    figure = figures.get(n, NOTHING)
                    assert (figure.value, figure.count) == (
                        told_value["value"],
                        told_value["count"],
                    ), series["kpi"]
    async with transaction(metrics.engine) as session:
        await replace(session, known, {})
