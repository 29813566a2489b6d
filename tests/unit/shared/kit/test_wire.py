"""Replies reach the wire in one piece, and whole."""

import asyncio
from typing import Any, cast

import pytest

from shared.kit.wire import HELD_BYTES, JoinedWrites


class Wire:
    """A transport that notes what it was told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("closed")

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


@pytest.fixture
def wire() -> Wire:
    return Wire()


def joined(wire: Wire) -> JoinedWrites:
    return JoinedWrites(cast(Any, wire), asyncio.get_running_loop())


async def test_what_is_written_in_one_turn_is_sent_at_once(wire: Wire) -> None:
    writes = joined(wire)

    for reply in ([b"head", b"body"], [b"next head", b"next body"]):
        for piece in reply:
            writes.write(piece)
        assert b"".join(reply) not in wire.told
        await asyncio.sleep(0)

    assert wire.told == [b"headbody", b"next headnext body"]


async def test_a_connection_closes_after_what_was_written_before(wire: Wire) -> None:
    writes = joined(wire)

    writes.write(b"refused")
    writes.close()
    await asyncio.sleep(0)

    assert wire.told == [b"refused", "closed"]


async def test_a_stream_that_never_waits_does_not_pile_up(wire: Wire) -> None:
    writes = joined(wire)
    piece = b"x" * 1000

    for _ in range(1000):
        writes.write(piece)
    held = 1000 * len(piece) - sum(map(len, wire.told))
    await asyncio.sleep(0)

    assert held < HELD_BYTES
    assert b"".join(cast(list[bytes], wire.told)) == 1000 * piece


async def test_all_else_is_the_transport_s_own(wire: Wire) -> None:
    assert joined(wire).get_extra_info("peername") == "the peername"
