"""The environment of each service on this machine: addresses, identities, secrets."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from tollgate_local.identities import DECISIONS, LOCAL_ISSUER, private_key, public_keys
from tollgate_local.secret_store import load_secrets

SERVICES = ("catalog", "metrics", "improvement")
PROVIDERS = ("catalog", "metrics")  # nobody calls improvement-api but to tell it an event
COPIED = tuple(
    f"{resource}.*"
    for resource in (
        "agreement",
        "benchmark",
        "calendar",
        "customer",
        "engagement",
        "exchange_rate",
        "objective",
        "priority_scheme",
        "touchpoint",
        "vendor_product",
        "vital_activity",
    )
)
EVENTS_A_REQUEST = 100
NOT_INHERITED = {
    "DATABASE_URL",  # administrative: it has no business in a runtime process
    "PYTHONDONTWRITEBYTECODE",  # nine processes would compile everything at each start
}

# What a service may do at another one: the tokens that it signs itself are capped to this.
GRANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "catalog": {
        "metrics-api": ("catalog:read", "risks:raise", "identity:act-for"),
        "improvement-api": ("catalog:read", "stages:move", "identity:act-for"),
    },
    "metrics": {
        "catalog-api": ("events:receive",),
        "improvement-api": ("metrics:read", "initiatives:write", "identity:act-for"),
    },
    "improvement": {
        "metrics-api": ("events:receive",),
    },
}


@dataclass(frozen=True)
class Installation:
    """One DATA_DIR, and where its services find each other and their keys."""

    directory: Path
    ports: Mapping[str, int]
    host: str = "127.0.0.1"
    mounted_identities: Path | None = None  # where containers see `identities`
    urls: Mapping[str, str] = field(default_factory=dict)

    @property
    def identities(self) -> Path:
        return self.directory / "identity"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    def secrets(self) -> Mapping[str, str]:
        return load_secrets(self.directory / "secrets.json")

    def url(self, service: str) -> str:
        return self.urls.get(service) or f"http://127.0.0.1:{self.ports[service]}"


def package(service: str) -> str:
    """The import name of a service's program."""
    return f"{service}_api"


def service_environment(installation: Installation, service: str, admin_url: str) -> dict[str, str]:
    """Return the environment of one service's program; what the operator set stays as it is.

    The runtime role's URL is the administrator's with another login, unless it is given
    (CATALOG_DATABASE_URL ...), which is how one does it where roles cannot be created.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    built = service_variables(installation, service, runtime_url(installation, service, admin_url))
    # A variable that is set to nothing, as CI systems set those they lack, sets nothing.
    given = {name: os.environ.get(name) or value for name, value in built.items()}
    return {**inherited, **given, "DATA_DIR": str(installation.directory)}


def service_variables(installation: Installation, service: str, database: str) -> dict[str, str]:
    """Return the variables of one service, with its prefix, and nothing else."""
    keys = installation.mounted_identities or installation.identities
    built = {
        "DATABASE_URL": database,
        "HOST": installation.host,
        "PORT": str(installation.ports[service]),
        "TRUSTED_ISSUERS": json.dumps(_trusted_issuers(keys, service)),
        "IDENTITY_KEY_FILE": str(private_key(keys, f"{service}-api")),
        "IDENTITY_ISSUER": f"urn:tollgate:{service}-api",
        **{f"{provider.upper()}_URL": installation.url(provider) for provider in PROVIDERS},
        **_wiring(installation, keys)[service],
    }
    return {f"{service.upper()}_{name}": value for name, value in built.items()}


def runtime_url(installation: Installation, service: str, admin_url: str) -> str:
    """Return the URL with which a service logs in: its own role, which owns no table."""
    parts = urlsplit(admin_url)
    role = f"tollgate_{service}"
    address = parts.netloc.rpartition("@")[2]
    login = f"{role}:{quote(installation.secrets()[role], safe='')}@{address}"
    return urlunsplit(parts._replace(netloc=login))


def _wiring(installation: Installation, keys: Path) -> dict[str, dict[str, str]]:
    """What only one of the services has."""
    secrets = installation.secrets()
    return {
        "catalog": {
            "DECISION_JWKS": str(public_keys(keys, DECISIONS)),
            # Those that metrics-api takes: who has which name, requests, and what makes its copies
            # old (metrics_api.copies.rules.READINGS).
            "SUBSCRIBERS": _subscriber(
                installation, "catalog", "metrics", "service.*", "request.*", *COPIED
            ),
        },
        "metrics": {
            "CATALOG_EVENT_SECRET": secrets["catalog_to_metrics"],
            # Those that improvement-api acts on: what goes wrong with a service, or is about to.
            "SUBSCRIBERS": _subscriber(
                installation,
                "metrics",
                "improvement",
                "clock.*",
                "slo.*",
                "target.*",
                "trend.*",
            ),
        },
        "improvement": {
            "DECISION_KEY_FILE": str(private_key(keys, DECISIONS)),
            "METRICS_EVENT_SECRET": secrets["metrics_to_improvement"],
        },
    }


def _subscriber(installation: Installation, sender: str, receiver: str, *types: str) -> str:
    """The setting by which one service tells another its events of these types."""
    subscriber = {
        "name": f"{receiver}-api",
        "url": f"{installation.url(receiver)}/v1/events/{sender}",
        "secret": installation.secrets()[f"{sender}_to_{receiver}"],
        "types": list(types),
        "batch": EVENTS_A_REQUEST,
    }
    return json.dumps([subscriber])


def _trusted_issuers(keys: Path, service: str) -> list[dict[str, object]]:
    people: dict[str, object] = {
        "issuer": "urn:tollgate:local",
        "jwks": str(public_keys(keys, LOCAL_ISSUER)),
    }
    services: list[dict[str, object]] = [
        {
            "issuer": f"urn:tollgate:{caller}",
            "jwks": str(public_keys(keys, caller)),
            "subject": caller,
            "scopes": list(scopes),
        }
        for caller, scopes in GRANTS[service].items()
    ]
    return [people, *services]
