"""Steps of the stories about boards: one is made, its seats are taken, its meetings called."""

from typing import Any

import httpx

from tests.support.catalog import Catalog

BOARDS = "/v1/boards"
ADA = {"subject": "ada", "role": "chair"}
BEA = {"subject": "bea", "role": "member"}
CAL = {"subject": "cal", "role": "member"}
SEC = {"subject": "sec", "role": "secretary"}
DAN = {"subject": "dan", "role": "advisor"}
GATE = "transition-to-operate"


async def post(catalog: Catalog, path: str, body: Any = None, who: str = "ada") -> httpx.Response:
    headers = {**catalog.caller(who), "If-Match": "*"}
    return await catalog.http.post(path, json=body, headers=headers)


async def make_board(catalog: Catalog, key: str = "board", **fields: Any) -> dict[str, Any]:
    body = {
        "key": key,
        "name": key,
        "purpose": "Decides.",
        "cadence_days": 30,
        "quorum": {"minimum": 2},
        "members": [ADA, BEA, CAL, SEC, DAN],
    } | fields
    reply = await post(catalog, BOARDS, body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def change(catalog: Catalog, path: str, body: Any, version: str = "*") -> httpx.Response:
    return await catalog.http.patch(path, json=body, headers={"If-Match": version})


async def seat(catalog: Catalog, members: Any, version: str = "*") -> httpx.Response:
    url = f"{BOARDS}/board/members"
    return await catalog.http.put(url, json=members, headers={"If-Match": version})


async def schedule(catalog: Catalog, board: str = "board") -> str:
    body = {"scheduled_for": "2026-12-01T09:00:00Z"}
    return (await post(catalog, f"{BOARDS}/{board}/meetings", body)).headers["Location"]
