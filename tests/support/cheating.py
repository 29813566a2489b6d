"""The table of the ways to cheat a gate: what a way is, and the scene of most of them.

Every way is one function: it sets its scene, tries the trick and gives the refusal. The decorator
above it says what is answered, and how many decisions (honest ones) there are at the end. Whoever
thinks of another way adds a row to the file of its topic, test_cheating_*.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement

GATE = "operate-to-improve"
ROLES = ("service_owner", "manager", "board")  # of somebody who holds them all

Attempt = Callable[[Improvement], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Way:
    """How somebody tries to cheat, and what they are told."""

    name: str
    attempt: Attempt
    status: int
    code: str
    honest_decisions: int

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


class Table(list[Way]):
    """The ways of a topic."""

    def way(
        self, name: str, status: int, code: str, *, decisions: int = 0
    ) -> Callable[[Attempt], Attempt]:
        """Enter a way into the table."""

        def enter(attempt: Attempt) -> Attempt:
            self.append(Way(name, attempt, status, code, decisions))
            return attempt

        return enter


async def check_refused(tollgate: Improvement, trick: Way) -> None:
    """The trick is answered as the table says, and leaves an honest log."""
    reply = await trick.attempt(tollgate)

    assert (reply.status_code, reply.json()["code"]) == (trick.status, trick.code), reply.text
    decisions = (await tollgate.http.get("/v1/decisions")).json()["items"]
    assert len(decisions) == trick.honest_decisions
    assert (await tollgate.http.get("/v1/decision-log/verify")).json()["intact"] is True


# The gate of most scenes: few incidents are open, an owner has signed, the board decides.


async def asked_by_a_pipeline(tollgate: Improvement, **signed: Any) -> Any:
    criteria = [
        automated(expression="backlog_open <= 3.0"),
        sign_off("owner", "service_owner", **signed),
    ]
    await tollgate.publish(GATE, criteria)
    return await tollgate.evaluate()


async def honestly_signed(tollgate: Improvement) -> Any:
    """By ada; it passes and may be decided."""
    evaluation = await asked_by_a_pipeline(tollgate)
    reply = await tollgate.sign(evaluation, "owner", tollgate.caller("ada", "service_owner"))
    assert reply.status_code == 201, reply.text
    return evaluation


def eve(tollgate: Improvement) -> dict[str, str]:
    """Who decides."""
    return tollgate.caller("eve", "board")


async def delegated(tollgate: Improvement, who: str = "ada", to: str = "bob", **more: Any) -> Any:
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    body = {"role": "service_owner", "delegate": to, "valid_until": until, "reason": "x"} | more
    holder = tollgate.caller(who, *(ROLES if who in ("ada", "cyd") else ()))
    reply = await tollgate.http.post("/v1/delegations", json=body, headers=holder)
    return reply if reply.status_code != 201 else reply.json()


async def sign_by(tollgate: Improvement, evaluation: Any, delegation: Any, who: str) -> Any:
    body = {
        "criterion": "owner",
        "facts_hash": evaluation["facts_hash"],
        "delegation": delegation["id"],
    }
    path = f"/v1/evaluations/{evaluation['id']}/signatures"
    return await tollgate.http.post(path, json=body, headers=tollgate.caller(who, "board"))
