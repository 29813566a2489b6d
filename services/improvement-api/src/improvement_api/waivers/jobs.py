"""Waivers that are over are marked, and those who listen are told."""

from collections.abc import Mapping
from typing import Any

from improvement_api.waivers.queries import expire_waivers
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.events import Event, emit_all
from shared.kit.jobs import Job, JobContext

AT_ONCE = 500


async def mark_expired_waivers(context: JobContext, _: Mapping[str, Any]) -> None:
    """Mark and tell, each waiver once. Evaluations do not wait for this: they read the clock."""
    while await _mark_some(context):
        pass


async def _mark_some(context: JobContext) -> bool:
    async with transaction(context.engine) as session:
        expired = await expire_waivers(session, now(), AT_ONCE)
        events = [
            Event(
                "waiver.expired",
                waiver.service,
                {
                    "waiver": str(waiver.id),
                    "gate": waiver.gate,
                    "criterion": waiver.criterion,
                    "risk_owner": waiver.risk_owner,
                    "expired_at": waiver.expires_at,
                },
            )
            for waiver in expired
        ]
        await emit_all(session, events)
    return len(expired) == AT_ONCE


JOBS: tuple[Job, ...] = (Job("mark_expired_waivers", mark_expired_waivers, cron="* * * * *"),)
