"""Who calls, and whether they may: bearer tokens, API keys, scopes per operation."""

import hashlib
import hmac
import re
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import OAuth2 as SecuritySchemeModel
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from shared.errors import BadRequest, Forbidden, Unauthorized
from shared.kit.settings import ServiceSettings
from shared.kit.trust import TokenVerifier, invalid_token, is_subject
from shared.scopes import API_KEY_SCOPES, SCOPES

ACT_FOR = "identity:act-for"
_API_KEY = re.compile(r"tgk_([A-Za-z0-9-]{1,64})_([A-Za-z0-9_-]{16,128})", re.ASCII)


@dataclass(frozen=True)
class Principal:
    """The caller. `kind` is user, service or api_key; `source` and `key_id` are an API key's."""

    subject: str
    kind: str
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    on_behalf_of: str | None = None
    source: str | None = None
    key_id: str | None = None

    @property
    def person(self) -> str:
        """Whose will it is: the subject acted for, else the caller."""
        return self.on_behalf_of or self.subject

    @property
    def authors(self) -> frozenset[str]:
        """Who answers for what is written, and so approves none of it: also a person who writes in
        the name of another. A service that acts for somebody only passes on."""
        return frozenset({self.person, self.subject} if self.kind == "user" else {self.person})


@dataclass(frozen=True)
class ApiKeyRecord:
    """A stored API key: `secret_hash` is the SHA-256 of its secret."""

    secret_hash: bytes
    scopes: frozenset[str]
    source: str
    revoked: bool


# Read by the client of other services, which passes the person on.
current_principal: ContextVar[Principal | None] = ContextVar("current_principal", default=None)

_OAUTH2 = {
    "type": "oauth2",
    "description": "Any issuer that the operator trusts; the token endpoint is the issuer's.",
    "flows": {
        "clientCredentials": {"tokenUrl": "https://issuer.example/oauth2/token", "scopes": SCOPES}
    },
}
_OF_API_KEYS = frozenset(API_KEY_SCOPES)
_ALTERNATIVES = {
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token pasted by hand, such as `tollgate token` prints.",
    },
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The scoped key of an ITSM tool; also accepted as a bearer token.",
    },
}


def install_verifier(app: FastAPI, settings: ServiceSettings) -> None:
    """Let the app verify tokens of the issuers that its settings trust."""
    app.state.token_verifier = TokenVerifier(settings.trusted_issuers, settings.audience)


async def authenticate(request: Request, demanded: SecurityScopes) -> Principal:
    """The caller of this request; 401 without valid credentials, 403 without the scopes."""
    principal = await _identify(request)
    for scope in demanded.scopes:
        if scope not in principal.scopes:
            raise _missing(scope)
    principal = _acting_for(principal, request.headers.get("On-Behalf-Of"))
    current_principal.set(principal)
    request.state.principal = principal
    request.state.caller = principal.subject
    return principal


class _Authentication(SecurityBase):
    """`authenticate` as the contract sees it: one scheme, so one dependency per request.

    Each further scheme as a dependency would cost every request; see describe_security.
    """

    scheme_name = "OAuth2"
    model = SecuritySchemeModel.model_validate(_OAUTH2)

    async def __call__(self, request: Request, demanded: SecurityScopes) -> Principal:
        return await authenticate(request, demanded)


class _AnyAuthentication(_Authentication):
    """The caller has one of the scopes, of which the last, the narrowest, is named to who has
    none; the contract names each as a way of its own."""

    scheme_name = "OAuth2AnyOf"

    async def __call__(self, request: Request, demanded: SecurityScopes) -> Principal:
        principal = await authenticate(request, SecurityScopes())
        if not principal.scopes & set(demanded.scopes):
            raise _missing(demanded.scopes[-1])
        return principal


_authentication = _Authentication()
_any_authentication = _AnyAuthentication()


def asks_who_calls(dependant: Dependant) -> bool:
    """Whether an operation, or anything it depends on, is for known callers only."""
    return any(
        isinstance(one.call, _Authentication) or asks_who_calls(one)
        for one in dependant.dependencies
    )


def describe_security(contract: dict[str, Any]) -> None:
    """Name the other ways to authenticate in an OpenAPI document, wherever OAuth2 stands; API keys
    where what they may is enough."""
    schemes = contract.get("components", {}).get("securitySchemes", {})
    _part_alternatives(contract, schemes)
    if _Authentication.scheme_name not in schemes:
        return
    for path in contract["paths"].values():
        for operation in path.values():
            for way in list(operation.get("security", ())):
                scopes = way.get(_Authentication.scheme_name)
                if scopes is not None:
                    names = ["Bearer", "ApiKey"] if set(scopes) <= _OF_API_KEYS else ["Bearer"]
                    operation["security"] += [{name: scopes} for name in names]
                    schemes.update({name: _ALTERNATIVES[name] for name in names})


def _part_alternatives(contract: dict[str, Any], schemes: dict[str, Any]) -> None:
    """Turn one requirement of any of several scopes into one requirement a scope."""
    any_of, one = _AnyAuthentication.scheme_name, _Authentication.scheme_name
    found = schemes.pop(any_of, None)
    if found is None:
        return
    schemes.setdefault(one, found)
    for path in contract["paths"].values():
        for operation in path.values():
            if any(any_of in way for way in operation.get("security", ())):
                operation["security"] = [
                    each
                    for way in operation["security"]
                    for each in (
                        [{one: [scope]} for scope in way[any_of]] if any_of in way else [way]
                    )
                ]


def requires_any(*scopes: str) -> Any:
    """The dependency of an operation for which one of these scopes is enough, widest first."""
    unknown = set(scopes) - SCOPES.keys()
    assert not unknown, f"no such scope: {unknown}"
    return Security(_any_authentication, scopes=list(scopes))


def requires(*scopes: str) -> Any:
    """The dependency of an operation that needs these scopes.

    Use: `CatalogRead = Annotated[Principal, requires("catalog:read")]`.
    """
    unknown = set(scopes) - SCOPES.keys()
    assert not unknown, f"no such scope: {unknown}"
    return Security(_authentication, scopes=list(scopes))


def hash_secret(secret: str) -> bytes:
    """What is stored of an API key's secret; it is random, so a plain SHA-256 does."""
    return hashlib.sha256(secret.encode()).digest()


async def _identify(request: Request) -> Principal:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials:
        credentials = credentials.strip()
        if credentials.startswith("tgk_"):
            return await _key_holder(request, credentials)
        return await _token_bearer(request, credentials)
    api_key = request.headers.get("X-API-Key")
    if api_key:
        return await _key_holder(request, api_key.strip())
    raise Unauthorized(
        "Send a bearer token or an API key",
        headers={"WWW-Authenticate": 'Bearer realm="tollgate"'},
    )


async def _token_bearer(request: Request, token: str) -> Principal:
    verifier: TokenVerifier = request.app.state.token_verifier
    verified = await verifier.verify(token)
    return Principal(
        subject=verified.subject,
        kind="service" if verified.is_service else "user",
        scopes=verified.scopes,
        roles=verified.roles,
    )


async def _key_holder(request: Request, presented: str) -> Principal:
    """The ITSM tool behind an API key; which part of the key is wrong is nobody's business."""
    find_api_key = getattr(request.app.state, "find_api_key", None)
    parts = _API_KEY.fullmatch(presented)
    if find_api_key is None or parts is None:
        raise invalid_token("The API key is not valid")
    key_id, secret = parts.groups()
    record: ApiKeyRecord | None = await find_api_key(key_id)
    stored = record.secret_hash if record is not None else b""
    matches = hmac.compare_digest(hash_secret(secret), stored)
    if record is None or record.revoked or not matches:
        raise invalid_token("The API key is not valid")
    return Principal(
        subject=f"source:{record.source}",
        kind="api_key",
        scopes=record.scopes,
        source=record.source,
        key_id=key_id,
    )


def _acting_for(principal: Principal, header: str | None) -> Principal:
    """The header is percent-encoded UTF-8; without the right it is an error, not ignored."""
    if header is None:
        return principal
    if ACT_FOR not in principal.scopes:
        raise _missing(ACT_FOR)
    try:
        person = unquote(header.strip(), errors="strict")
    except UnicodeDecodeError:
        person = ""
    if not is_subject(person):
        raise BadRequest(
            "On-Behalf-Of must name a subject in 1 to 200 printable characters",
            code="bad_on_behalf_of",
            pointer="/header/on-behalf-of",
        )
    return replace(principal, on_behalf_of=person)


def _missing(scope: str) -> Forbidden:
    challenge = f'Bearer realm="tollgate", error="insufficient_scope", scope="{scope}"'
    return Forbidden(
        f"This needs the scope {scope}",
        code="insufficient_scope",
        headers={"WWW-Authenticate": challenge},
        missing_scope=scope,
    )
