"""Pushing the weeks of samples, and the correction that spares the night of work."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from tollgate.connection import body_of
from tollgate.demo.making import PATIENCE, Providers, change, create, listed
from tollgate.demo.metrics.objectives import ORDER_LATENCY, SIGN_ON
from tollgate.demo.metrics.sample_weeks import Sample, night_of_work, order_latencies, sign_ons
from tollgate.exits import CommandFailed
from tollgate.resending import call_until_answered

APPROVER = "rosa.klein"
SERVICE, OBJECTIVE = "identity-and-access", "people-can-sign-on"
NIGHT = "The directory was moved to new servers, announced two weeks before"
WEEKLY = "Patches of the sign-on servers, every first Sunday of a month"


def load_samples(at: Providers, _until: date) -> None:
    """Up to this hour, once: newer ones are for the tools of the company to push."""
    now = datetime.now(UTC)
    for key, samples in ((SIGN_ON, sign_ons(now)), (ORDER_LATENCY, order_latencies(now))):
        path = f"/v1/slis/{key}/samples"
        if not _page(at, path):
            _push(at, path, samples)


def load_corrections(at: Providers, _until: date) -> None:
    """One that another person has approved, and one that waits for somebody to do so."""
    approver = at.person(APPROVER)
    present = {item["reason"]: item for item in listed(at.metrics, "/v1/corrections")}
    for body in _corrections(at):
        correction = present.get(body["reason"])
        if correction is None:
            correction = body_of(create(at.metrics, "/v1/corrections", body))
        asked = correction["state"] == "requested" and body["reason"] == NIGHT
        if asked and approver is not None:
            note = {"note": "Announced on the portal"}
            path = f"/v1/corrections/{correction['id']}/approve"
            change(at.metrics, "POST", path, note, auth=approver)


def _corrections(at: Providers) -> list[dict[str, Any]]:
    """The night is where the samples are: they may have been pushed on an earlier day."""
    newest = _page(at, f"/v1/slis/{SIGN_ON}/samples")[0]["at"]
    start, end = night_of_work(datetime.fromisoformat(newest))
    about = {"service": SERVICE, "slo": OBJECTIVE, "category": "scheduled_maintenance"}
    return [
        {**about, "reason": NIGHT, "start": start.isoformat(), "end": end.isoformat()},
        {
            **about,
            "reason": WEEKLY,
            "start": f"{end.year}-01-04T03:00:00Z",
            "duration_minutes": 120,
            "rrule": "FREQ=MONTHLY;BYDAY=1SU",
            "timezone": "Europe/Zurich",
        },
    ]


def _page(at: Providers, path: str) -> list[Any]:
    """The newest sample, if there is one."""
    answer = call_until_answered(at.metrics, "GET", path, patience=PATIENCE, params={"limit": 1})
    found: list[Any] = body_of(answer)["items"]
    return found


def _push(at: Providers, path: str, samples: Iterable[Sample]) -> None:
    answer = call_until_answered(
        at.metrics,
        "POST",
        path,
        patience=PATIENCE,
        content="".join(json.dumps(sample) + "\n" for sample in samples).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    for refused in body_of(answer)["rejections"]:
        raise CommandFailed(
            f"A sample of the demo was rejected ({refused['pointer']} {refused['reason']}):"
            " report it, and start with DEMO=0 meanwhile"
        )
