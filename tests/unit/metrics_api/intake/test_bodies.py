"""Bodies cut into records, however their bytes arrive."""

import gzip
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.intake.bodies import LINE_LIMIT, NDJSON, PIECE, records_of
from shared.errors import TooLarge


async def arriving(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
        yield body[start:end]


async def records(body: bytes, cuts: list[int], encoding: str | None) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    async for some in records_of(arriving(body, cuts), NDJSON, encoding):
        found += [(number, bytes(line)) for number, line in some]
    return found


@given(
    st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=12),
    st.data(),
)
@settings(deadline=None)
async def test_lines_keep_their_numbers_wherever_the_stream_is_cut(
    lines: list[bytes], data: st.DataObject
) -> None:
    plain = b"\n".join(lines)
    expected = [(n, each) for n, each in enumerate(lines, 1) if each and not each.isspace()]
    for body, encoding in ((plain, None), (gzip.compress(plain), "gzip")):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=5)))
        assert await records(body, cuts, encoding) == expected


async def test_a_gzip_bomb_unfolds_piece_by_piece() -> None:
    bomb = gzip.compress(b"\n" * 50_000_000)

    async for some in records_of(arriving(bomb, []), NDJSON, "gzip"):
        assert len(some) <= PIECE


async def test_a_line_without_end_is_refused_long_before_its_end() -> None:
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        while True:
            seen += PIECE
            yield b"x" * PIECE

    with pytest.raises(TooLarge):
        async for _ in records_of(endless(), NDJSON, None):
            pass
    assert seen <= LINE_LIMIT + PIECE
