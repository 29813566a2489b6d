"""Root cause analyses: written by people, verified and opened again by a query only."""

import asyncio
from typing import Any

import pytest

from improvement_api.facts.sheets import own_facts
from shared.kit.clock import now
from shared.kit.database import reading
from tests.support.eventually import eventually
from tests.support.improvement import Improvement
from tests.support.root_causes import (
    ANALYSES,
    WHYS,
    Incidents,
    days_ago,
    fix,
    fixed,
    found,
    major,
    move,
    opened,
    read,
    recurred,
    with_incidents,
    write,
)


@pytest.fixture
def metrics(tollgate: Improvement) -> Incidents:
    return with_incidents(tollgate)


async def missing(tollgate: Improvement, **params: Any) -> list[str]:
    reply = await tollgate.http.get(f"{ANALYSES}/missing", params=params)
    assert reply.status_code == 200, reply.text
    return [item["external_id"] for item in reply.json()["items"]]


async def facts(tollgate: Improvement) -> dict[str, Any]:
    """What the sheet tells a gate of the service vpn."""
    async with reading(tollgate.app.state.engine) as session:
        told = await own_facts(session, "vpn", ["overdue_rca_count"], now())
    assert all(fact.value is not None or fact.reason for fact in told.values())
    return {name: fact.value for name, fact in told.items()}


class TestFindingTheCause:
    async def test_an_analysis_is_about_incidents_that_exist(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        about = [{"source": "jira", "external_id": "INC-404"}]
        body = {"service": "vpn", "title": "x", "method": "cause_tree", "incidents": about}

        reply = await tollgate.http.post(ANALYSES, json=body)

        assert (reply.status_code, reply.json()["code"]) == (422, "unknown_incident")
        assert reply.json()["errors"][0]["pointer"] == "/incidents/0"

    async def test_nothing_is_taken_on_trust_while_metrics_is_away(
        self, tollgate: Improvement
    ) -> None:
        tollgate.fake.down.add("metrics")
        body = {"service": "vpn", "title": "x", "method": "cause_tree"}
        about = {"incidents": [{"source": "jira", "external_id": "INC-1"}]}

        reply = await tollgate.http.post(ANALYSES, json=body | about)

        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")

    async def test_a_cause_is_found_when_all_is_shown(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await opened(tollgate, "INC-1")
        early = await move(tollgate, analysis, "cause_found")
        await write(tollgate, analysis, [*WHYS[:3], WHYS[3] | {"evidence": " "}])
        unproven = await move(tollgate, analysis, "cause_found")
        await write(tollgate, analysis, WHYS)

        shown = await move(tollgate, analysis, "cause_found")

        assert (early.status_code, early.json()["code"]) == (409, "cause_not_shown")
        assert unproven.json()["missing"] == ["three has no evidence"]
        assert shown.json()["state"] == "cause_found"

    async def test_a_move_that_is_sent_again_with_its_key_is_made_once(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await opened(tollgate, "INC-1")
        await write(tollgate, analysis, WHYS)
        path, key = f"{ANALYSES}/{analysis['id']}/transitions", {"Idempotency-Key": "once"}

        first, again = [
            await tollgate.http.post(path, json={"to": "cause_found"}, headers=key)
            for _ in range(2)
        ]

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"

    @pytest.mark.parametrize(
        ("causes", "code", "pointer"),
        [
            ([{"id": "a", "parent": "b", "text": "x"}], "unknown_parent", "/causes/0/parent"),
            (
                [{"id": "p", "text": "x"}, {"id": "q", "text": "y"}],
                "several_problems",
                "/causes/1/parent",
            ),
            (
                [
                    {"id": "p", "text": "x"},
                    {"id": "a", "parent": "b", "text": "y"},
                    {"id": "b", "parent": "a", "text": "z"},
                ],
                "cyclic_causes",
                "/causes/1/parent",
            ),
            ([{"id": "p", "text": "x"}] * 2, "repeated_cause", "/causes/0/id"),
        ],
    )
    async def test_what_is_no_tree_is_refused_with_its_place(
        self, tollgate: Improvement, metrics: Incidents, causes: Any, code: str, pointer: str
    ) -> None:
        reply = await write(tollgate, await opened(tollgate), causes)

        assert (reply.status_code, reply.json()["code"]) == (422, code)
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_of_two_who_write_at_once_on_one_version_one_is_told(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await opened(tollgate)
        path, headers = f"{ANALYSES}/{analysis['id']}/causes", {"If-Match": '"1"'}

        replies = await asyncio.gather(
            *(tollgate.http.put(path, json={"causes": WHYS}, headers=headers) for _ in range(3))
        )

        assert sorted(reply.status_code for reply in replies) == [200, 412, 412]


class TestFixes:
    async def test_nobody_verifies_by_hand(self, tollgate: Improvement, metrics: Incidents) -> None:
        analysis = await fixed(tollgate, 1)

        reply = await move(tollgate, analysis, "verified")

        assert (reply.status_code, reply.json()["code"]) == (409, "verified_by_query_only")

    async def test_it_is_verified_by_the_query_once_its_days_have_passed(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await fixed(tollgate, 31)

        await tollgate.run_job("check_fixes", {})

        shown = await read(tollgate, analysis)
        path = f"{ANALYSES}/{analysis['id']}/fixes/{shown['fix']['id']}/checks"
        (check,) = (await tollgate.http.get(path)).json()["items"]
        assert (shown["state"], shown["fix"]["outcome"]) == ("verified", "held")
        assert (check["finding"], check["count"]) == ("held", 0)
        assert check["query"]["title"] == "certificate"
        assert check["query"]["service"] == "vpn"
        assert check["as_of"] >= shown["fix"]["verify_at"]

    async def test_before_its_days_have_passed_no_recurrence_is_too_early_to_say(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await fixed(tollgate, 29)

        await tollgate.run_job("check_fixes", {})
        await tollgate.run_job("check_fixes", {})

        assert (await read(tollgate, analysis))["state"] == "fix_implemented"
        assert len(metrics.asked) == 1  # the second time there was nothing to ask yet

    @pytest.mark.parametrize("days", [10, 45])
    async def test_a_recurrence_opens_it_again_and_names_the_incidents(
        self, tollgate: Improvement, metrics: Incidents, days: int
    ) -> None:
        analysis = await fixed(tollgate, days, "INC-1")
        metrics.again = [recurred("INC-2", 1)]

        await tollgate.run_job("check_fixes", {})

        shown = await read(tollgate, analysis)
        listed = (await tollgate.http.get(f"{ANALYSES}/{analysis['id']}/incidents")).json()
        assert (shown["state"], shown["reopened"]) == ("open", 1)
        assert shown["fix"]["outcome"] == "recurred"
        assert [one["external_id"] for one in listed["items"]] == ["INC-1", "INC-2"]

    async def test_a_verified_fix_is_watched_on_and_a_closed_one_is_not(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        watched, closed = await fixed(tollgate, 31), await fixed(tollgate, 31)
        await tollgate.run_job("check_fixes", {})
        assert (await move(tollgate, closed, "closed")).status_code == 201
        metrics.again = [recurred("INC-9", 0.5)]
        tollgate.as_admin(
            "UPDATE improvement.fix SET next_check_at = now() WHERE next_check_at IS NOT NULL"
        )

        await tollgate.run_job("check_fixes", {})

        assert (await read(tollgate, watched))["state"] == "open"
        assert (await read(tollgate, closed))["state"] == "closed"

    async def test_a_second_fix_is_judged_by_itself(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await fixed(tollgate, 60)
        metrics.again = [recurred("INC-2", 50)]
        await tollgate.run_job("check_fixes", {})
        await move(tollgate, analysis, "cause_found")
        assert (await fix(tollgate, analysis, 40)).json()["number"] == 2

        await tollgate.run_job("check_fixes", {})

        report = (await tollgate.http.get("/v1/reports/root-causes")).json()["permanent_fix_rate"]
        assert (await read(tollgate, analysis))["state"] == "verified"
        assert (report["numerator"], report["denominator"]) == (1, 2)

    async def test_two_workers_judge_a_fix_once(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await fixed(tollgate, 31)
        metrics.again = [recurred("INC-2", 1)]

        await asyncio.gather(*(tollgate.run_job("check_fixes", {}) for _ in range(4)))

        assert (await read(tollgate, analysis))["reopened"] == 1

    async def test_while_metrics_is_away_nothing_is_concluded(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await fixed(tollgate, 31)
        tollgate.fake.down.add("metrics")
        with pytest.raises(Exception, match="metrics-api"):
            await tollgate.run_job("check_fixes", {})
        waiting = await read(tollgate, analysis)
        tollgate.fake.down.clear()

        async with tollgate.working():
            tollgate.as_admin(
                "INSERT INTO improvement_jobs.procrastinate_jobs (queue_name, task_name, args)"
                " VALUES ('improvement', 'check_fixes', '{}')"
            )

            async def verified() -> bool:
                return bool((await read(tollgate, analysis))["state"] == "verified")

            await eventually(verified)

        assert waiting["state"] == "fix_implemented"
        assert waiting["fix"]["check_failure"].startswith("unavailable")

    async def test_a_question_that_is_refused_keeps_no_other_waiting(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await fixed(tollgate, 31)
        metrics.refuses = True

        await tollgate.run_job("check_fixes", {})

        assert (await read(tollgate, analysis))["fix"]["check_failure"].startswith("invalid")

    async def test_a_fix_that_is_not_implemented_yet_is_refused(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        reply = await fix(tollgate, await found(tollgate), -1)

        assert (reply.status_code, reply.json()["code"]) == (422, "not_implemented_yet")


class TestMajorIncidents:
    async def test_each_needs_an_analysis_by_its_due_date(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        late, fresh = major("INC-1"), major("INC-3", resolution_at=days_ago(1))
        metrics.major = [late, major("INC-2"), fresh]

        await tollgate.run_job("read_major_incidents", {})
        await found(tollgate, "INC-1")

        assert await missing(tollgate) == ["INC-2", "INC-3"]
        assert await missing(tollgate, overdue=True) == ["INC-2"]
        assert await missing(tollgate, overdue=False, service="vpn") == ["INC-3"]
        assert await missing(tollgate, limit=1) == ["INC-2"]

    async def test_one_begun_is_still_missing_its_cause(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        metrics.major = [major("INC-1"), major("INC-2")]
        await tollgate.run_job("read_major_incidents", {})
        await opened(tollgate, "INC-1")

        assert await missing(tollgate, started=True) == ["INC-1"]
        assert await missing(tollgate, started=False) == ["INC-2"]

    async def test_what_ceased_to_be_major_or_changed_its_service_is_followed(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        metrics.major = [major("INC-1"), major("INC-2"), major("INC-3")]
        await tollgate.run_job("read_major_incidents", {})
        metrics.major = [major("INC-2"), major("INC-3", service="mail")]

        await tollgate.run_job("read_major_incidents", {})

        assert await missing(tollgate) == ["INC-2", "INC-3"]
        assert await missing(tollgate, service="vpn") == ["INC-2"]

    async def test_a_reading_that_breaks_off_takes_none_away(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        metrics.major = [major("INC-1"), major("INC-2"), major("INC-3")]
        await tollgate.run_job("read_major_incidents", {})
        tollgate.fake.down.add("metrics")

        with pytest.raises(Exception, match="metrics-api"):
            await tollgate.run_job("read_major_incidents", {})

        assert len(await missing(tollgate)) == 3

    async def test_an_analysis_opened_again_is_due_anew(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        metrics.major = [major("INC-1")]
        await tollgate.run_job("read_major_incidents", {})
        await fixed(tollgate, 20, "INC-1")
        metrics.again = [recurred("INC-2", 1)]

        await tollgate.run_job("check_fixes", {})

        assert await missing(tollgate) == ["INC-1"]
        assert await missing(tollgate, overdue=True) == []


class TestFigures:
    async def test_gates_are_told_of_a_service_and_null_before_anything_was_read(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        before = await facts(tollgate)
        metrics.major = [major("INC-1"), major("INC-2"), major("INC-3", service="mail")]
        await tollgate.run_job("read_major_incidents", {})
        await fixed(tollgate, 1, "INC-1")

        after = await facts(tollgate)

        assert before["major_incidents_without_rca"] is None
        assert after == {
            "major_incidents_without_rca": 1,
            "overdue_rca_count": 1,
            "open_fixes_count": 1,
            "rca_coverage": 0.5,
            "rca_permanent_fix_rate": None,
        }

    async def test_coverage_and_permanent_fixes_are_told_with_formula_and_n(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        metrics.major = [major("INC-1"), major("INC-2"), major("INC-3", resolution_at=None)]
        await tollgate.run_job("read_major_incidents", {})
        await fixed(tollgate, 31, "INC-1")
        await tollgate.run_job("check_fixes", {})

        report = (await tollgate.http.get("/v1/reports/root-causes")).json()

        coverage, permanent = report["rca_coverage"], report["permanent_fix_rate"]
        assert (coverage["numerator"], coverage["denominator"]) == (1, 2)
        assert (coverage["value"], permanent["value"]) == (0.5, 1.0)
        assert "/" in coverage["formula"]

    async def test_without_any_there_is_no_number_but_a_reason(self, tollgate: Improvement) -> None:
        report = (await tollgate.http.get("/v1/reports/root-causes")).json()

        assert report["rca_coverage"]["value"] is None
        assert report["rca_coverage"]["reason"] == "no major incident was resolved in the span"


class TestThePage:
    async def test_it_shows_the_causes_as_a_tree_and_escapes_what_people_write(
        self, tollgate: Improvement, metrics: Incidents
    ) -> None:
        analysis = await opened(tollgate, "INC-1", method="cause_tree", title="<b>No sign-in</b>")
        await write(tollgate, analysis, [*WHYS, WHYS[1] | {"id": "other", "text": "a < b & c"}])

        page = await tollgate.http.get(
            f"{ANALYSES}/{analysis['id']}", headers={"Accept": "text/html"}
        )

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.text.count("<rect") == 5
        assert page.text.count("<path") == 4
        assert "<b>No" not in page.text
        assert "a &lt; b &amp; c" in page.text
