"""Bodies of bulk requests: gunzipped and cut into records as they arrive, never held whole."""

import zlib
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from shared.errors import BadRequest, Invalid, TooLarge, UnsupportedMedia

NDJSON = "application/x-ndjson"
JSON = "application/json"
LINE_LIMIT = 1024 * 1024
ARRAY_LIMIT = 10_000
ARRAY_BYTES = 64 * 1024 * 1024
PIECE = 64 * 1024
ARRAY_SLICE = 200

Records = list[tuple[int, bytes | msgspec.Raw]]
"""Records with their number: the line, or the place in the array, from 1."""


def media_type(header: str | None) -> str:
    """The media type without parameters; refuses what is neither NDJSON nor JSON."""
    media = (header or "").partition(";")[0].strip().lower()
    if media not in (NDJSON, JSON):
        raise UnsupportedMedia(
            f"Send {NDJSON}, or a JSON array as {JSON}", pointer="/header/content-type"
        )
    return media


def records_of(
    body: AsyncIterable[bytes], media: str, encoding: str | None
) -> AsyncIterator[Records]:
    """The records of a body, some at a time.

    Raises BadRequest for a broken gzip stream or array, TooLarge for a record or array over its
    limit, UnsupportedMedia for another encoding.
    """
    match (encoding or "identity").strip().lower():
        case "identity":
            plain = body
        case "gzip" | "x-gzip":
            plain = _gunzipped(body)
        case _:
            raise UnsupportedMedia(
                "The content encoding must be gzip or none",
                pointer="/header/content-encoding",
                headers={"Accept-Encoding": "gzip"},
            )
    return _lines(plain) if media == NDJSON else _items(plain)


async def _gunzipped(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """In pieces of bounded size, however much one byte may unfold to; many members are one."""
    gunzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    begun = False
    async for chunk in body:
        waiting = chunk
        while waiting:
            if gunzip.eof:
                gunzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
            begun = True
            try:
                piece = gunzip.decompress(waiting, PIECE)
            except zlib.error as error:
                raise BadRequest(
                    f"The gzip stream is broken: {error}", code="broken_gzip"
                ) from None
            waiting = gunzip.unused_data if gunzip.eof else gunzip.unconsumed_tail
            if piece:
                yield piece
    if begun and not gunzip.eof:
        raise BadRequest("The gzip stream ends too early", code="truncated_gzip")


async def _lines(pieces: AsyncIterable[bytes]) -> AsyncIterator[Records]:
    number, rest = 0, bytearray()
    async for piece in pieces:
        end = piece.rfind(b"\n")
        if end < 0:
            rest += piece
            _check_length(len(rest), number + 1)
            continue
        rest += piece[:end]
        lines = bytes(rest).split(b"\n")
        rest = bytearray(piece[end + 1 :])
        yield _numbered(lines, number)
        number += len(lines)
    if rest:
        yield _numbered([bytes(rest)], number)


def _numbered(lines: list[bytes], before: int) -> Records:
    """Blank lines are no records, but they count as lines."""
    records: Records = []
    for number, line in enumerate(lines, before + 1):
        _check_length(len(line), number)
        if line and not line.isspace():
            records.append((number, line))
    return records


def _check_length(length: int, number: int) -> None:
    if length > LINE_LIMIT:
        raise TooLarge(f"Line {number} has more than {LINE_LIMIT} bytes", code="line_too_long")


async def _items(pieces: AsyncIterable[bytes]) -> AsyncIterator[Records]:
    whole = bytearray()
    async for piece in pieces:
        whole += piece
        if len(whole) > ARRAY_BYTES:
            raise TooLarge(f"A JSON array may have at most {ARRAY_BYTES} bytes: send {NDJSON}")
    try:
        items = msgspec.json.decode(whole, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        raise Invalid("The body must be a JSON array of records", pointer="") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}", code="unparsable") from None
    if len(items) > ARRAY_LIMIT:
        raise TooLarge(f"A JSON array may have at most {ARRAY_LIMIT} items: send {NDJSON}")
    numbered: Records = list(enumerate(items, 1))
    for start in range(0, len(numbered), ARRAY_SLICE):
        yield numbered[start : start + ARRAY_SLICE]
