"""The identity under which a service calls the others: tokens it signs or is given."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import Key

from shared.clients.local_issuer import load_private_key, sign_token
from shared.errors import Unavailable
from shared.kit.settings import ServiceSettings
from shared.kit.tls import tls_context

OWN_TOKEN_TTL = timedelta(minutes=10)
RENEW_BEFORE_SECONDS = 60


class TokenProvider:
    """One access token at a time, renewed before it expires.

    Signed with `identity_key_file` where that is set, else fetched from `token_url` with the
    client credentials (RFC 6749 section 4.4).
    """

    def __init__(
        self, settings: ServiceSettings, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._key: Key | None = None
        self._token = ""
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    async def token(self) -> str:
        """A token that is valid for a minute or more; 503 when none can be had."""
        if time.monotonic() < self._renew_at:
            return self._token
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._renew()
        return self._token

    async def _renew(self) -> None:
        if self._settings.identity_key_file is not None:
            self._sign(self._settings.identity_key_file)
        elif self._settings.token_url is not None:
            await self._fetch(self._settings.token_url)
        else:
            raise _no_identity("neither identity_key_file nor token_url is set")

    def _sign(self, key_file: Path) -> None:
        try:
            self._key = self._key or load_private_key(key_file)
        except (OSError, ValueError, JoseError) as problem:
            raise _no_identity(f"{key_file}: {problem}") from problem
        name = self._settings.service_name
        claims = {
            "iss": self._settings.identity_issuer or f"urn:tollgate:{name}",
            "sub": name,
            "aud": self._settings.audience,
        }
        self._keep(sign_token(self._key, claims, OWN_TOKEN_TTL), OWN_TOKEN_TTL.total_seconds())

    async def _fetch(self, token_url: str) -> None:
        secret = self._settings.client_secret
        try:
            async with httpx.AsyncClient(
                verify=tls_context(), timeout=httpx.Timeout(5), transport=self._transport
            ) as http:
                reply = await http.post(
                    token_url,
                    data={"grant_type": "client_credentials", "audience": self._settings.audience},
                    auth=(
                        self._settings.client_id or "",
                        secret.get_secret_value() if secret else "",
                    ),
                )
            reply.raise_for_status()
            granted = orjson.loads(reply.content)
            self._keep(str(granted["access_token"]), float(granted.get("expires_in", 300)))
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as problem:
            raise _no_identity(f"the token endpoint: {problem!r}") from problem

    def _keep(self, token: str, seconds: float) -> None:
        self._token = token
        self._renew_at = time.monotonic() + max(seconds - RENEW_BEFORE_SECONDS, seconds / 2)


def _no_identity(why: str) -> Unavailable:
    return Unavailable(f"This service has no identity to call others with ({why})")
