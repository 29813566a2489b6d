"""Making the demo's things through the public APIs; what is there already stays as it is."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import httpx

from tollgate.connection import body_of, refusal
from tollgate.pages import items_of
from tollgate.resending import call_until_answered

PATIENCE = 30.0  # seconds for a service that is only just starting
LEARNING = 0.2  # seconds between two looks whether a service has learnt of another's things


@dataclass(frozen=True)
class Providers:
    """A client of each service; `person` gives the tokens of somebody else than the caller.

    It answers None when the demo runs with a token that was given: then nobody else can sign.
    """

    catalog: httpx.Client
    metrics: httpx.Client
    improvement: httpx.Client
    person: Callable[..., httpx.Auth | None]


Load = Callable[[Providers, date], None]
"""Makes a part of the demo; its dates are relative to that day."""
Step = tuple[str, Load]
"""What the progress bar says, and what loads it."""


def ensure(client: httpx.Client, path: str, body: Any, **request: Any) -> None:
    """Create it unless it is there: a key that is taken is ours of an earlier start."""
    taken = {httpx.codes.CONFLICT}
    call_until_answered(
        client, "POST", path, patience=PATIENCE, expecting=taken, json=body, **request
    )


def ensure_known(client: httpx.Client, path: str, body: Any, **request: Any) -> httpx.Response:
    """As ensure, where the body names what a service learns of another one only by and by.

    What stays unknown for as long as the patience lasts is told as the refusal that it is.
    """
    give_up_at = time.monotonic() + PATIENCE
    expected = {httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY}
    while True:
        answer = call_until_answered(
            client, "POST", path, patience=PATIENCE, expecting=expected, json=body,
            headers=_once(), **request,
        )  # fmt: skip
        if answer.is_success or answer.status_code == httpx.codes.CONFLICT:
            return answer
        known_later = str(body_of(answer).get("code", "")).startswith("unknown_")
        if not known_later or time.monotonic() > give_up_at:
            raise refusal(answer)
        time.sleep(LEARNING)


def create(client: httpx.Client, path: str, body: Any, **request: Any) -> httpx.Response:
    """Create what has no key of its own; resent, it is still one."""
    return call_until_answered(
        client, "POST", path, patience=PATIENCE, json=body, headers=_once(), **request
    )


def _once() -> dict[str, str]:
    """Resent with this header, it is still one."""
    return {"Idempotency-Key": str(uuid4())}


def ensure_listed(
    client: httpx.Client, path: str, body: Mapping[str, Any], *by: str, **request: Any
) -> Any:
    """The item of a list whose members `by` are those of the body; created if there is none."""
    for item in listed(client, path):
        if all(item[name] == body[name] for name in by):
            return item
    return body_of(create(client, path, body, **request))


def ensure_each(
    client: httpx.Client, path: str, bodies: Iterable[Mapping[str, Any]], *by: str, **request: Any
) -> list[Any]:
    """As ensure_listed for many bodies, reading the list once; the items in their order."""
    present = {tuple(item[name] for name in by): item for item in listed(client, path)}
    found = []
    for body in bodies:
        item = present.get(tuple(body.get(name) for name in by))
        found.append(item or body_of(create(client, path, body, **request)))
    return found


def ensure_linked(client: httpx.Client, path: str, links: Mapping[str, Any]) -> None:
    """Put those services on a list of services that are not on it; each with its body, if any."""
    present = {item["service"] for item in listed(client, path)}
    for service, body in links.items():
        if service not in present:
            change(client, "PUT", f"{path}/{service}", body)


def in_name_of(at: Providers, subject: str, *roles: str) -> dict[str, httpx.Auth]:
    """As arguments of a request: what anybody may do is done by that person where we can."""
    person = at.person(subject, *roles)
    return {} if person is None else {"auth": person}


def is_untouched(item: Mapping[str, Any]) -> bool:
    """Nobody has changed it since it was created, so that what comes next is still ours to do."""
    return bool(item["revision"] == 1)


def change(client: httpx.Client, method: str, path: str, body: Any, **request: Any) -> Any:
    """PUT, PATCH or POST on what is there, whatever its version; answers its body, if any."""
    answer = call_until_answered(
        client,
        method,
        path,
        patience=PATIENCE,
        json=body,
        headers={"If-Match": "*"},
        **request,
    )
    return body_of(answer) if answer.content else None


def read(client: httpx.Client, path: str) -> Any:
    return body_of(call_until_answered(client, "GET", path, patience=PATIENCE))


def listed(client: httpx.Client, path: str) -> Iterator[Any]:
    """Every item of a list."""
    return items_of(client, path, PATIENCE)
