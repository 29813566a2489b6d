"""Boards as the catalog would tell of them, and the steps of a vote."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.support.improvement import Fake, Improvement, problem

GATE = "operate-to-improve"


@dataclass
class Boards:
    """Boards by key on the fake catalog's host; what else is asked the fake goes on to answer."""

    fake: Fake
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    down: bool = False

    async def answer(self, request: httpx.Request) -> httpx.Response:
        match request.url.path.strip("/").split("/")[1:]:
            case ["boards", key]:
                if self.down:
                    raise httpx.ConnectError("refused", request=request)
                known = self.boards.get(key)
                return (
                    problem(404, "not_found") if known is None else httpx.Response(200, json=known)
                )
            case _:
                return self.fake.own_answer(request)

    def seat(self, *members: str, key: str = "service-board", needed: int = 2, **more: Any) -> None:
        """Let the board consist of these voters, of whom the first is the chair."""
        roles = ["chair", *["member"] * (len(members) - 1)]
        self.boards[key] = {
            "key": key,
            "name": key,
            "quorum": {"minimum": needed, "share": None, "needed": needed, "possible": True},
            "members": [
                {"subject": subject, "role": role, "valid_from": datetime.now(UTC).isoformat()}
                for subject, role in zip(members, roles, strict=True)
            ],
            "voting_members": sorted(members),
            "decides": [{"gate": GATE, "portfolio": None}],
            "ended_on": None,
        } | more


def seated(tollgate: Improvement, *members: str, **more: Any) -> Boards:
    """A catalog with the board `service-board`."""
    boards = Boards(tollgate.fake)
    boards.seat(*members, **more)
    tollgate.fake.real["catalog"] = httpx.MockTransport(boards.answer)
    return boards


async def vote(
    tollgate: Improvement, evaluation: Any, who: str, choice: str = "approve", *roles: str
) -> httpx.Response:
    path = f"/v1/evaluations/{evaluation['id']}/votes"
    body = {"choice": choice, "comment": f"{who} says {choice}"}
    return await tollgate.http.post(path, json=body, headers=tollgate.caller(who, *roles))
