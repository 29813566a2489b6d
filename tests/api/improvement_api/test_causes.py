"""A cause opens one opportunity, however many tell of it at once and however often."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from improvement_api.opportunities.cause_actions import Handled, open_opportunity_for_cause
from improvement_api.opportunities.rules import Cause, Figure, Handling
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.improvement import Improvement
from tests.support.improving import known, points, posted, told

NOW = datetime.now(UTC)


def cause(
    identity: str = "e1",
    subject: str = "kpi:mttr",
    trigger: str = "target-missed",
    **fields: Any,
) -> Cause:
    figure = Figure(
        measure="mttr",
        period="2026-03",
        value=9.0,
        comparator="lte",
        target=5.0,
        n=12,
        event=identity,
    )
    facts: dict[str, Any] = {"until": NOW, "kpi": KpiId.MTTR, "owner": "ada"}
    facts |= {"figures": (figure,), **fields}
    return Cause(
        trigger=trigger,
        service="vpn",
        subject=subject,
        identity=identity,
        title="MTTR misses its target",
        problem="It took 9 hours, not 5.",
        benefit="The target is met.",
        **facts,
    )


async def occur(tollgate: Improvement, told_cause: Cause) -> Handled:
    async with transaction(tollgate.app.state.engine) as session:
        return await open_opportunity_for_cause(session, told_cause)


async def opportunities(tollgate: Improvement, **query: str) -> list[Any]:
    reply = await tollgate.http.get("/v1/opportunities", params=query)
    items: list[Any] = reply.json()["items"]
    return items


async def move(tollgate: Improvement, opportunity: Any, to: str) -> None:
    path = f"/v1/opportunities/{opportunity}/transitions"
    await posted(tollgate, path, {"to": to, "comment": "because"})


async def plan_it(tollgate: Improvement, opportunity: Any) -> str:
    await tollgate.http.put(
        f"/v1/opportunities/{opportunity}/assessment",
        json=points(5, 3, 2, 5),
        headers={"If-Match": "*"},
    )
    await move(tollgate, opportunity, "accepted")
    path = f"/v1/opportunities/{opportunity}/plan"
    plan: str = (await posted(tollgate, path, {"objective": "growth"}))["plan"]
    return plan


async def test_of_many_at_once_one_opens_and_the_others_are_added_to_it(
    tollgate: Improvement,
) -> None:
    told_causes = [cause(f"e{n % 6}", f"kpi:{n % 2}") for n in range(24)]

    handled = await asyncio.gather(*(occur(tollgate, one) for one in told_causes))

    fresh = Counter(one.handling for one in handled if not one.repeated)
    found = await opportunities(tollgate)
    assert fresh == {Handling.OPENED: 2, Handling.APPENDED: 4}
    assert sorted(item["occurrences"] for item in found) == [3, 3]
    assert {item["cause_key"] for item in found} == {
        "target-missed:vpn:kpi:0",
        "target-missed:vpn:kpi:1",
    }


async def test_triggers_that_tell_of_the_same_figure_open_one_opportunity(
    tollgate: Improvement,
) -> None:
    triggers = ("target-missed", "trend-degrading", "line")
    told_causes = [cause(f"e{n % 2}", trigger=trigger) for n in range(4) for trigger in triggers]

    handled = await asyncio.gather(*(occur(tollgate, one) for one in told_causes))

    fresh = Counter(one.handling for one in handled if not one.repeated)
    (found,) = await opportunities(tollgate)
    told_of = await tollgate.http.get(f"/v1/opportunities/{found['id']}/occurrences")
    assert fresh == {Handling.OPENED: 1, Handling.APPENDED: 5}
    assert found["occurrences"] == 6
    assert Counter(one["trigger"] for one in told_of.json()["items"]) == dict.fromkeys(triggers, 2)


async def test_what_another_trigger_has_opened_keeps_a_cause_quiet_once_it_is_rejected(
    tollgate: Improvement,
) -> None:
    await occur(tollgate, cause())
    added = await occur(tollgate, cause(trigger="trend-degrading"))
    await move(tollgate, added.opportunity_id, "rejected")
    later = NOW + timedelta(days=1)

    third = await occur(tollgate, cause("e2", trigger="line", until=later))
    elsewhere = await occur(tollgate, cause("e2", "kpi:mtta", trigger="line", until=later))

    reasons = await tollgate.http.get(f"/v1/opportunities/{added.opportunity_id}/occurrences")
    assert [third.handling, elsewhere.handling] == [Handling.QUIET, Handling.OPENED]
    assert "What target-missed has opened for it is not at its end yet" in {
        one["reason"] for one in reasons.json()["items"]
    }


async def test_an_occurrence_that_is_told_again_changes_nothing(tollgate: Improvement) -> None:
    first = await occur(tollgate, cause())
    before = await opportunities(tollgate)

    again = await occur(tollgate, cause())

    assert (again.repeated, again.opportunity_id) == (True, first.opportunity_id)
    assert await opportunities(tollgate) == before


async def test_what_it_opens_names_the_figures_and_who_opened_it(tollgate: Improvement) -> None:
    handled = await occur(tollgate, cause())

    opened = (await opportunities(tollgate))[0]
    entries = (await tollgate.http.get(f"/v1/audit?key={handled.opportunity_id}")).json()["items"]
    figures = [
        {
            "measure": "mttr",
            "period": "2026-03",
            "value": 9.0,
            "comparator": "lte",
            "target": 5.0,
            "n": 12,
            "event": "e1",
        }
    ]
    assert (opened["source"], opened["state"], opened["owner"]) == ("trigger", "new", "ada")
    assert opened["figures"] == opened["cause"]["figures"] == figures
    assert [(entry["action"], entry["actor"]) for entry in entries] == [
        ("opened", "improvement-api")
    ]
    events = await told(tollgate)
    assert [(each["type"], each["data"]["figures"]) for each in events] == [
        ("opportunity.opened", figures)
    ]


async def test_the_figures_shown_are_the_latest_also_when_older_ones_come_later(
    tollgate: Improvement,
) -> None:
    await occur(tollgate, cause("new", until=NOW))
    await occur(tollgate, cause("old", until=NOW - timedelta(days=31)))

    opened = (await opportunities(tollgate))[0]
    assert (opened["occurrences"], opened["figures"][0]["event"]) == (2, "new")


async def test_a_rejected_cause_stays_quiet_and_then_opens_again(tollgate: Improvement) -> None:
    first = await occur(tollgate, cause())
    await move(tollgate, first.opportunity_id, "rejected")
    later = datetime.now(UTC) + timedelta(days=1)

    quiet = await occur(tollgate, cause("e2", until=later))
    old = await occur(tollgate, cause("e3", until=NOW - timedelta(days=31)))
    opened = await occur(tollgate, cause("e4", until=later, quiet=timedelta()))

    assert [one.handling for one in (quiet, old, opened)] == ["quiet", "old", "opened"]
    assert quiet.opportunity_id == old.opportunity_id == first.opportunity_id
    states = {item["id"]: item["state"] for item in await opportunities(tollgate)}
    assert states == {
        str(first.opportunity_id): "rejected",
        str(opened.opportunity_id): "new",
    }


async def test_a_planned_cause_opens_again_once_its_plan_has_ended(tollgate: Improvement) -> None:
    known(tollgate)
    first = await occur(tollgate, cause())
    plan = await plan_it(tollgate, first.opportunity_id)
    later = datetime.now(UTC) + timedelta(days=1)

    added = await occur(tollgate, cause("e2", until=later))
    await posted(tollgate, f"/v1/plans/{plan}/transitions", {"to": "withdrawn"})
    opened = await occur(tollgate, cause("e3", until=later))
    once_more = await occur(tollgate, cause("e4", until=later))

    assert [one.handling for one in (added, opened, once_more)] == [
        "appended",
        "opened",
        "appended",
    ]
    assert added.opportunity_id == first.opportunity_id
    assert once_more.opportunity_id == opened.opportunity_id


async def test_every_occurrence_is_listed_at_what_it_opened_or_why_not(
    tollgate: Improvement,
) -> None:
    first = await occur(tollgate, cause())
    await move(tollgate, first.opportunity_id, "rejected")
    await occur(tollgate, cause("e2", until=datetime.now(UTC) + timedelta(days=1)))

    path = f"/v1/opportunities/{first.opportunity_id}/occurrences"
    items = (await tollgate.http.get(path)).json()["items"]

    assert [(item["identity"], item["handling"]) for item in items] == [
        ("e2", "quiet"),
        ("e1", "opened"),
    ]
    assert "90 days" in items[0]["reason"]
