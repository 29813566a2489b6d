"""Settings of pulls, and their runs."""

import hashlib
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from metrics_api.inbox import queries as inbox
from metrics_api.inbox.actions import ask_for_processing
from metrics_api.pulls import queries
from metrics_api.pulls.fetching import PROTOCOLS, decoded, fetch, target_of
from metrics_api.pulls.rules import BEGINNING, Place, PullFailed, Wanted, newest_of, next_run
from metrics_api.pulls.schemas import PullOut, PullPut
from metrics_api.pulls.tables import Pull
from metrics_api.remote_secrets import secret_needed
from metrics_api.sources.queries import get_source
from shared.errors import Conflict, NotFound
from shared.kit import audit, clock
from shared.kit.auth import Principal
from shared.kit.database import Engine, Session, transaction
from shared.kit.etag import check_version
from shared.kit.jobs import enqueue

RUN_JOB = "run_pull"
LANE = "pulls"
PAGES_A_RUN = 200


async def put_pull(
    session: Session, source_key: str, expected: int | None, body: PullPut, caller: Principal
) -> Pull:
    """Set up or change the pull of a source; the expected version is that which was read."""
    source = await get_source(session, source_key, lock=True)
    tool = _tool_of(source.kind)
    if tool not in PROTOCOLS:
        raise Conflict(
            f"Sources of the kind {source.kind} are not pulled, only {', '.join(PROTOCOLS)}",
            code="kind_not_pulled",
        )
    pull = await queries.find_pull(session, source.id, lock=True)
    before = None if pull is None else pull_out(source_key, pull).model_dump()
    now = clock.now()
    values = body.model_dump(exclude={"since", "password"}) | {"tool": tool, "next_run_at": now}
    if body.since is not None:
        values["cursor_at"] = body.since
    if pull is None:
        values |= {"source_id": source.id, "password": body.password, "version": 1}
        pull = await queries.insert_pull(session, {**values, "failures": 0, "records": 0})
    else:
        check_version(pull.version if expected is None else expected, pull.version)
        if body.password is not None:
            values["password"] = body.password
        elif pull.password is not None and body.url != pull.url:
            raise secret_needed("password")
        for name, value in {**values, "version": pull.version + 1, "failures": 0}.items():
            setattr(pull, name, value)
        await session.flush()
    after = pull_out(source_key, pull).model_dump()
    await audit.record(session, caller, "put", ("pull", source_key), before, after)
    await ask_for_run(session, source.id, source_key)
    return pull


async def get_pull(session: Session, source_key: str, *, lock: bool = False) -> Pull:
    source = await get_source(session, source_key)
    pull = await queries.find_pull(session, source.id, lock=lock)
    if pull is None:
        raise NotFound(f"The source {source_key} is not pulled")
    return pull


async def delete_pull(session: Session, source_key: str, expected: int, caller: Principal) -> None:
    pull = await get_pull(session, source_key, lock=True)
    check_version(expected, pull.version)
    before = pull_out(source_key, pull).model_dump()
    await queries.delete_pull(session, pull.source_id)
    await audit.record(session, caller, "deleted", ("pull", source_key), before)


def pull_out(source_key: str, pull: Pull) -> PullOut:
    return PullOut.model_validate({**vars(pull), "source": source_key})


async def ask_for_run(session: Session, source_id: int, source_key: str) -> None:
    lock = f"{RUN_JOB}:{source_key}"
    payload = {"source_id": source_id}
    await enqueue(session, RUN_JOB, payload, lock=lock, queueing_lock=lock, lane=LANE)


async def ask_for_due_runs(engine: Engine) -> int:
    """Enqueue a run for each pull that is due: how many."""
    async with transaction(engine) as session:
        due = await queries.due_pulls(session, clock.now())
        for source_id, key in due:
            await ask_for_run(session, source_id, key)
    return len(due)


async def run_pull(
    engine: Engine, http: httpx.AsyncClient, source_id: int, *, allow_private: bool
) -> str | None:
    """Fetch what has changed, page by page; answers what went wrong, which is also noted."""
    async with transaction(engine) as session:
        found = await queries.pull_of(session, source_id)
    if found is None:  # taken away or switched off since
        return None
    pull, source = found
    started = clock.now()
    problem: str | None = None
    try:
        _check_still_of(source.kind, pull.tool)
        whole = await _fetch_pages(engine, http, pull, source.timezone, allow_private=allow_private)
    except PullFailed as failed:
        problem, failures = str(failed), pull.failures + 1
        run: dict[str, Any] = {}
    else:
        failures = 0
        run = {"last_success_at": clock.now()}
    interval = timedelta(seconds=pull.interval_seconds)
    at_once = problem is None and not whole
    run |= {
        "last_run_at": started,
        "last_error": problem,
        "failures": failures,
        "next_run_at": clock.now() if at_once else next_run(clock.now(), interval, failures),
    }
    async with transaction(engine) as session:
        await queries.note_run(session, pull, run)
    return problem


def _check_still_of(kind: str, tool: str) -> None:
    """A source that became one of another tool would not understand what is fetched."""
    if _tool_of(kind) != tool:
        raise PullFailed(f"the source is one of {kind} now and no more of {tool}: set it up anew")


def _tool_of(kind: str) -> str:
    return kind.strip().casefold()


async def _fetch_pages(
    engine: Engine, http: httpx.AsyncClient, pull: Pull, zone: str | None, *, allow_private: bool
) -> bool:
    """Whether all there is was fetched; a long history takes several runs."""
    protocol = PROTOCOLS[pull.tool]
    wanted = Wanted(
        pull.subject,
        pull.condition,
        pull.page_size,
        ZoneInfo(zone) if zone else None,
        pull.username,
        pull.password,
    )
    target = await target_of(pull.url, allow_private=allow_private)
    began, newest = time.monotonic(), None
    since = BEGINNING
    if pull.cursor_at is not None:
        since = pull.cursor_at - timedelta(seconds=pull.overlap_seconds)
    place: Place | None = Place(since)
    for _ in range(PAGES_A_RUN if protocol.ordered else 10 * PAGES_A_RUN):
        if place is None:
            break
        body = await fetch(http, target, wanted, protocol.ask(wanted, place))
        page = protocol.read(wanted, place, decoded(body))
        newest = newest_of([newest, page.cursor])
        cursor = newest if protocol.ordered else None
        if not protocol.ordered and page.after is None and newest is not None:
            # What changed while we paged may have been stepped over.
            cursor = newest - timedelta(seconds=time.monotonic() - began)
        await _store_page(engine, pull, body if page.records else None, (cursor, page.records))
        place = page.after
    return place is None


async def _store_page(
    engine: Engine, pull: Pull, body: bytes | None, moved: tuple[datetime | None, int]
) -> None:
    """The page as a receipt and the cursor after it, in one transaction."""
    async with transaction(engine) as session:
        if body is not None:
            key = "pull:" + hashlib.sha256(body).hexdigest()
            delivery = inbox.Delivery(pull.source_id, key, clock.now(), _HEADERS, body)
            await inbox.store(session, [delivery])
        await queries.move_cursor(session, pull, *moved)
        await ask_for_processing(session)


_HEADERS = {"x-tollgate-pulled": "1"}
