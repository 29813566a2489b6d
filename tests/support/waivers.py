"""The steps of a waiver: asked for, approved, and made older than it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.improvement import Improvement

WAIVERS = "/v1/waivers"


def asking(criterion: str = "quiet", **fields: Any) -> dict[str, Any]:
    return {
        "service": "vpn",
        "gate": "operate-to-improve",
        "criterion": criterion,
        "reason": "The migration ends in June",
        "risk_owner": "rita",
        "compensating_control": "A second person is on call",
        "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    } | fields


async def ask(tollgate: Improvement, who: str = "ada", **fields: Any) -> Any:
    reply = await tollgate.http.post(WAIVERS, json=asking(**fields), headers=tollgate.caller(who))
    assert reply.status_code == 201, reply.text
    return reply.json()


async def move(
    tollgate: Improvement, waiver: Any, to: str, who: dict[str, str], comment: str = ""
) -> httpx.Response:
    path = f"{WAIVERS}/{waiver['id']}/transitions"
    return await tollgate.http.post(path, json={"to": to, "comment": comment}, headers=who)


async def waive(tollgate: Improvement, **fields: Any) -> Any:
    """A waiver that ada has asked for and bea, who holds the role `board`, has approved."""
    waiver = await ask(tollgate, **fields)
    reply = await move(tollgate, waiver, "approved", tollgate.caller("bea", "board"))
    assert reply.status_code == 201, reply.text
    return reply.json()


def let_expire(tollgate: Improvement, waiver: Any) -> None:
    """Let a waiver have been asked for a year ago, for as long as until a second ago."""
    tollgate.as_admin(
        "UPDATE improvement.waiver SET requested_at = now() - interval '300 days',"
        " expires_at = now() - interval '1 second' WHERE id = %s",
        waiver["id"],
    )
