"""Onboarding: one service of the catalog for each name that a tool's records use."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from shared.schemas.catalog import ResolveReply
from tollgate.connection import body_of
from tollgate.exits import CommandFailed
from tollgate.resending import call_until_answered

PORTFOLIO = "imported"
RESOLVE_LIMIT = 10_000
KEY_MAX = 100


@dataclass(frozen=True)
class Onboarding:
    """Where services are onboarded, for which source, who owns them, and for how long we try."""

    catalog: httpx.Client
    source: str
    owner: str
    patience: float  # seconds


def onboard_names(names: Iterable[str], to: Onboarding) -> list[str]:
    """Onboard at `operate` what the catalog does not know; the keys of the created services.

    Running it again creates nothing: a known name resolves to its service.
    """
    unknown = unresolved(sorted(names), to)
    if unknown:
        portfolio = {"key": PORTFOLIO, "name": "Imported"}
        _post(to, "/v1/portfolios", portfolio, may_conflict=True)
    return [key for name in unknown if (key := _onboard(name, to)) is not None]


def unresolved(names: list[str], to: Onboarding) -> list[str]:
    """The names of this source that name no service yet."""
    unknown: list[str] = []
    for start in range(0, len(names), RESOLVE_LIMIT):
        asked = [{"source": to.source, "name": name} for name in names[start:][:RESOLVE_LIMIT]]
        answer = _post(to, "/v1/external-references/resolve", {"references": asked})
        reply = ResolveReply.model_validate(body_of(answer))
        unknown += [item.name for item in reply.items if item.service is None]
    return unknown


def candidate_keys(name: str) -> Iterator[str]:
    """The slug of the name, then one of its own for when another name has the same slug."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if slug:
        yield slug[:KEY_MAX].rstrip("-")
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    yield f"{(slug or 'service')[: KEY_MAX - len(mark) - 1].rstrip('-')}-{mark}"


def _onboard(name: str, to: Onboarding) -> str | None:
    """The key of the new service, or None where one of that name took the reference."""
    for key in candidate_keys(name):
        answer = _post(to, "/v1/services/onboard", _service(key, name, to), may_conflict=True)
        if answer.is_success:
            return key
        # Another source's service of that name, or our own of an attempt whose answer was lost.
        if not unresolved([name], to) or _refer(key, name, to):
            return None
    raise CommandFailed(
        f"No key is free for the service {name!r}: onboard it in the catalog with the external"
        f" reference ({to.source}, {name}), then run the same command again"
    )


def _service(key: str, name: str, to: Onboarding) -> dict[str, Any]:
    return {
        "key": key,
        "name": name,
        "portfolio": PORTFOLIO,
        "kind": "business",
        "stage": "operate",
        "reason": f"Records of {to.source} name it: it is in operation",
        "owners": [{"role": "service_owner", "subject": to.owner}],
        "external_references": [{"source": to.source, "name": name}],
    }


def _refer(key: str, name: str, to: Onboarding) -> bool:
    """Add the reference to the service `key` if that bears the very name; whether it does."""
    path = f"/v1/services/{key}"
    present = call_until_answered(
        to.catalog, "GET", path, patience=to.patience, expecting={httpx.codes.NOT_FOUND}
    )
    if not present.is_success or _fold(body_of(present)["name"]) != _fold(name):
        return False
    reference = {"source": to.source, "name": name}
    return _post(to, f"{path}/external-references", reference, may_conflict=True).is_success


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()


def _post(
    to: Onboarding, path: str, body: dict[str, Any], *, may_conflict: bool = False
) -> httpx.Response:
    expecting = {httpx.codes.CONFLICT} if may_conflict else ()
    return call_until_answered(
        to.catalog, "POST", path, patience=to.patience, expecting=expecting, json=body
    )
