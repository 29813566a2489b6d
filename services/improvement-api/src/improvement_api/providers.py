"""The services that are asked for facts, each once per question and within a deadline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, TypeVar
from urllib.parse import quote

import httpx
from fastapi import Depends, Request

from improvement_api.facts.rules import STAGE_FACT, Owner, OwnerReply, well_formed
from improvement_api.settings import Settings
from shared.clients.catalog import CatalogClient
from shared.clients.metrics import MetricsClient
from shared.errors import ApiError, Conflict, Invalid, NotFound, Unavailable
from shared.kit.client import CallPolicy, RemoteClient
from shared.kit.jobs import JobContext
from shared.schemas.catalog import ServiceSummary, Stage
from shared.schemas.catalog_digests import BoardSummary, CostTrend
from shared.schemas.common import FactCatalog, FactDefinition, Key, ServiceFacts

T = TypeVar("T")
AT_ONCE = 4
"""Evaluations that ask for facts at the same time in one process. Hundreds at once would slow the
owners down until all of them miss their deadline; one after the other each gets its answer."""
LONGEST_WAIT = timedelta(seconds=30)
"""For a turn to ask; whoever waits longer is told to come back."""


@dataclass(frozen=True)
class Providers:
    """Clients that live as long as the process, so that their circuits remember.

    `patience` ends a question in any case, also when it is our own token that does not come. It
    begins when the question has its turn.
    """

    catalog: CatalogClient
    metrics: MetricsClient
    patience: timedelta
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


@asynccontextmanager
async def connected(
    settings: Settings, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Providers]:
    """The providers of a process; `transport` replaces the network in tests."""
    policy = CallPolicy(settings.fact_deadline, attempts=2)
    remotes = [
        RemoteClient(settings, name, url, policy=policy, transport=transport)
        for name, url in (
            (Owner.CATALOG.api, settings.catalog_url),
            (Owner.METRICS.api, settings.metrics_url),
        )
    ]
    try:
        patience = settings.fact_deadline * 1.5
        yield Providers(CatalogClient(remotes[0]), MetricsClient(remotes[1]), patience)
    finally:
        for remote in remotes:
            await remote.aclose()


def providers_for(context: JobContext, settings: Settings) -> Providers:
    """The providers of a job, through the clients of its worker process."""
    return Providers(
        CatalogClient(context.remote(Owner.CATALOG.api, settings.catalog_url)),
        MetricsClient(context.remote(Owner.METRICS.api, settings.metrics_url)),
        settings.remote_timeout * 1.5,
    )


async def providers_of(request: Request) -> Providers:
    providers: Providers = request.app.state.providers
    return providers


Remotes = Annotated[Providers, Depends(providers_of)]


async def ask_about(
    providers: Providers,
    service: str,
    names: Mapping[Owner, Collection[str]] | None,
    own: Callable[[], Awaitable[OwnerReply]],
) -> dict[Owner, OwnerReply]:
    """What owners know of a service, asked side by side for these facts; raises only NotFound,
    and what `own` raises, which reads our own.

    The catalog is always asked: it alone can say that there is no such service, and at which
    stage it is. Another owner none of whose facts is named is not; None asks both for all. To
    metrics-api a service without records may be unknown: that is an owner without values, not
    one that failed.
    """
    of_catalog = None if names is None else {STAGE_FACT, *names.get(Owner.CATALOG, ())}
    of_metrics = None if names is None else names.get(Owner.METRICS, ())
    async with _turn(providers):
        questions = {Owner.CATALOG: providers.catalog.service_facts(service, of_catalog)}
        if of_metrics is None or of_metrics:
            questions[Owner.METRICS] = providers.metrics.service_facts(service, of_metrics)
        asked = (_reply(one, providers.patience) for one in questions.values())
        ours, replies = await asyncio.gather(own(), asyncio.gather(*asked))
    answers = dict(zip(questions, replies, strict=True))
    if isinstance(answers[Owner.CATALOG], NotFound):
        raise NotFound(f"There is no service {service}", code="unknown_service")
    theirs = {owner: _owner_reply(owner, answer) for owner, answer in answers.items()}
    return {**theirs, Owner.IMPROVEMENT: ours}


async def ask_for_catalogs(providers: Providers) -> dict[Owner, list[FactDefinition]]:
    """The fact definitions of the owners that answered; who did not is absent."""
    answers: dict[Owner, FactCatalog | ApiError] = dict(
        zip(
            (Owner.CATALOG, Owner.METRICS),
            await asyncio.gather(
                _reply(providers.catalog.fact_catalog(), providers.patience),
                _reply(providers.metrics.fact_catalog(), providers.patience),
            ),
            strict=True,
        )
    )
    return {
        owner: [item for item in answer.items if well_formed(item, owner)]
        for owner, answer in answers.items()
        if isinstance(answer, FactCatalog)
    }


async def ask_for_service(providers: Providers, service: str) -> ServiceSummary | None:
    """The service as it is now; None when the catalog cannot be reached, NotFound if it knows."""
    answer = await _reply(providers.catalog.get_service(service), providers.patience)
    if isinstance(answer, NotFound):
        raise NotFound(f"There is no service {service}", code="unknown_service")
    return None if isinstance(answer, ApiError) else answer


async def ask_for_stage(providers: Providers, service: str) -> Stage | None:
    """The stage of a service now; None when the catalog cannot be reached, NotFound if it knows."""
    found = await ask_for_service(providers, service)
    return None if found is None else found.stage


async def check_service(providers: Providers, service: str, pointer: str | None = None) -> None:
    """Refuse a key that the catalog does not know, or that it cannot be asked for (503).

    In a body, at `pointer`, an unknown key is malformed (422); in a path there is nothing (404).
    """
    answer = await _reply(providers.catalog.get_service(service), providers.patience)
    if isinstance(answer, NotFound):
        kind = NotFound if pointer is None else Invalid
        raise kind(f"There is no service {service}", code="unknown_service", pointer=pointer)
    if isinstance(answer, ApiError):
        raise Unavailable(answer.detail, headers={"Retry-After": "5"})


async def check_portfolio(providers: Providers, key: str, pointer: str) -> None:
    """Refuse a portfolio that the catalog does not know (422), or cannot be asked for (503)."""
    answer = await _reply(providers.catalog.get_portfolio(key), providers.patience)
    if isinstance(answer, NotFound):
        raise Invalid(f"There is no portfolio {key}", code="unknown_portfolio", pointer=pointer)
    if isinstance(answer, ApiError):
        raise Unavailable(answer.detail, headers={"Retry-After": "5"})


async def check_customer(providers: Providers, customer: str, pointer: str) -> None:
    """Refuse a customer that the catalog does not know (422), or cannot be asked for (503)."""
    path = f"/v1/customers/{quote(customer, safe='')}"
    answer = await _reply(providers.catalog.document(path), providers.patience)
    if isinstance(answer, NotFound):
        raise Invalid(f"There is no customer {customer}", code="unknown_customer", pointer=pointer)
    if isinstance(answer, ApiError):
        raise Unavailable(answer.detail, headers={"Retry-After": "5"})


async def ask_for_costs(
    providers: Providers, services: Sequence[str], currency: str, pointer: str
) -> list[CostTrend]:
    """What each service cost month by month, side by side.

    In a body, under `pointer`, an unknown key is malformed (422); 503 when the catalog is away.
    """
    answers = await asyncio.gather(
        *(
            _reply(providers.catalog.cost_trend(one, currency), providers.patience)
            for one in services
        )
    )
    trends = []
    for place, (service, answer) in enumerate(zip(services, answers, strict=True)):
        if isinstance(answer, NotFound):
            detail = f"There is no service {service}"
            raise Invalid(detail, code="unknown_service", pointer=f"{pointer}/{place}")
        if isinstance(answer, ApiError):
            raise Unavailable(answer.detail, headers={"Retry-After": "5"})
        trends.append(answer)
    return trends


async def check_board(providers: Providers, key: str, pointer: str) -> None:
    """Refuse, at `pointer`, a board that the catalog does not know or that has ended (422)."""
    answer = await _reply(providers.catalog.get_board(key), providers.patience)
    if isinstance(answer, NotFound) or (isinstance(answer, BoardSummary) and answer.ended_on):
        raise Invalid(f"There is no board {key}", code="unknown_board", pointer=pointer)
    if isinstance(answer, ApiError):
        raise Unavailable(answer.detail, headers={"Retry-After": "5"})


async def ask_for_board(
    providers: Providers, key: str, service: str
) -> tuple[BoardSummary, ServiceSummary]:
    """Who is on a board now, and where the service is; 503 unless the catalog tells both."""
    board, about = await asyncio.gather(
        _reply(providers.catalog.get_board(key), providers.patience),
        _reply(providers.catalog.get_service(service), providers.patience),
    )
    if isinstance(about, NotFound):
        raise NotFound(f"There is no service {service}", code="unknown_service")
    if isinstance(board, NotFound):
        raise Conflict(f"The catalog has no board {key}", code="unknown_board", board=key)
    if isinstance(board, ApiError) or isinstance(about, ApiError):
        failure = board if isinstance(board, ApiError) else about
        raise Unavailable(str(failure), headers={"Retry-After": "5"})
    return board, about


# Dependencies, so that a route can have the answers before its first word to the database: named
# in a signature after the caller and before Idempotent, which is the first to speak to it.
async def _catalogs(providers: Remotes) -> dict[Owner, list[FactDefinition]]:
    return await ask_for_catalogs(providers)


async def _service(key: Key, providers: Remotes) -> ServiceSummary | None:
    return await ask_for_service(providers, key)


async def _stage(key: Key, providers: Remotes) -> Stage | None:
    return await ask_for_stage(providers, key)


async def _known_service(key: Key, providers: Remotes) -> str:
    await check_service(providers, key)
    return key


AskedCatalogs = Annotated[dict[Owner, list[FactDefinition]], Depends(_catalogs)]
AskedService = Annotated[ServiceSummary | None, Depends(_service)]
AskedStage = Annotated[Stage | None, Depends(_stage)]
KnownService = Annotated[str, Depends(_known_service)]


@asynccontextmanager
async def _turn(providers: Providers) -> AsyncIterator[None]:
    """Wait until few enough are asking; nobody's deadline runs meanwhile."""
    try:
        async with asyncio.timeout(LONGEST_WAIT.total_seconds()):
            await providers.turns.acquire()
    except TimeoutError:
        detail = "Too many evaluations at once: repeat this later"
        raise Unavailable(
            detail, code="too_many_evaluations", headers={"Retry-After": "5"}
        ) from None
    try:
        yield
    finally:
        providers.turns.release()


async def _reply(question: Awaitable[T], patience: timedelta) -> T | ApiError:
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await question
    except ApiError as error:
        return error
    except TimeoutError:
        return Unavailable("it did not answer in time")


def _owner_reply(owner: Owner, answer: ServiceFacts | ApiError) -> OwnerReply:
    if isinstance(answer, ServiceFacts):
        return OwnerReply(owner, answer.facts)
    if isinstance(answer, NotFound):
        return OwnerReply(owner, {}, None, knows_service=False)
    if isinstance(answer, Unavailable):
        return OwnerReply(owner, {}, "unreachable")
    return OwnerReply(owner, {}, f"refused the question ({answer.code})")
