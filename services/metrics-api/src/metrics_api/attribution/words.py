"""Vendor products and customers of the records there are, brought to what their words mean by now.

Ingest concludes both from the copies in its memory; when the copies change, the directory's
revision advances, so that it reads them again, and the records of before are given the new keys.
"""

from collections.abc import Callable

from metrics_api.attribution import word_queries as queries
from metrics_api.attribution.queries import advance_directory_revision, current_directory
from metrics_api.attribution.rules import Directory, Memory
from metrics_api.attribution.word_queries import CUSTOMERS, VENDOR_PRODUCTS, Column
from metrics_api.intake.words import name_of
from shared.kit.database import Engine, driver, transaction

AT_ONCE = 2_000

Meaning = Callable[[Directory, str], str | None]


async def follow_words(engine: Engine, memory: Memory) -> int:
    """Follow the copies of vendor products and customers, if they changed: how many records did.

    What is followed is noted at the end: broken off, it begins again.
    """
    async with transaction(engine) as session:
        conn = await driver(session)
        seen = await queries.copies_seen(conn)
        if seen == await queries.copies_followed(conn):
            return 0
        await advance_directory_revision(conn)
    changed = 0
    for column in VENDOR_PRODUCTS:
        changed += await _follow(engine, memory, column, _vendor_product)
    for column in CUSTOMERS:
        changed += await _follow(engine, memory, column, _customer)
    async with transaction(engine) as session:
        await queries.set_copies_followed(await driver(session), seen)
    return changed


def _vendor_product(directory: Directory, words: str) -> str | None:
    return directory.vendor_product_of(words)


def _customer(directory: Directory, words: str) -> str | None:
    return directory.customer_of(name_of(words))


async def _follow(engine: Engine, memory: Memory, column: Column, meaning: Meaning) -> int:
    async with transaction(engine) as session:
        told = await queries.words_told(await driver(session), column)
    return sum([await _give(engine, memory, column, each, meaning) for each in told])


async def _give(
    engine: Engine,
    memory: Memory,
    column: Column,
    told: tuple[str, str | None],
    meaning: Meaning,
) -> int:
    """Give the records that say so their key, some at a time."""
    changed = 0
    while True:
        async with transaction(engine) as session:
            conn = await driver(session)
            key = meaning(await current_directory(conn, memory), told[0])
            some = 0 if key == told[1] else await queries.give_key(conn, column, told, key, AT_ONCE)
        changed += some
        if some < AT_ONCE:
            return changed
