"""GitHub's API as far as a GitHub App needs it to answer a deployment."""

import time
from pathlib import Path
from typing import Any

import httpx
import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from improvement_api.settings import Settings
from shared.errors import Unavailable
from shared.kit.tls import tls_context

TIMEOUT_SECONDS = 10
_HEADERS = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
    "User-Agent": "tollgate-improvement-api",
}
# GitHub refuses these for what they are: the run is gone, or has its answer.
_FINAL = frozenset({400, 404, 409, 410, 422})


class AnswerRefused(Exception):
    """GitHub does not take an answer to this deployment; the message says why."""


def missing_settings(settings: Settings) -> list[str]:
    """The settings without which deployments cannot be protected, by the variable's name."""
    needed = {
        "IMPROVEMENT_GITHUB_WEBHOOK_SECRET": settings.github_webhook_secret,
        "IMPROVEMENT_GITHUB_APP_ID": settings.github_app_id,
        "IMPROVEMENT_GITHUB_APP_KEY_FILE": settings.github_app_key_file,
    }
    return [name for name, value in needed.items() if not value]


async def tell_github(
    settings: Settings, installation_id: int, callback_url: str, said: dict[str, str]
) -> None:
    """Answer a deployment, or report on it without an answer.

    Raises AnswerRefused where another try changes nothing, Unavailable otherwise. `callback_url`
    was checked when it came (rules.is_callback); redirects are not followed.
    """
    name = callback_url.removeprefix(settings.github_api_url).split("/")[3]
    async with httpx.AsyncClient(
        verify=tls_context(), timeout=TIMEOUT_SECONDS, headers=_HEADERS
    ) as http:
        token = await _installation_token(http, settings, installation_id, name)
        reply = await _post(http, callback_url, token, said)
    if reply.status_code in _FINAL:
        raise AnswerRefused(_told("GitHub refused the answer", reply))
    if not reply.is_success:
        raise Unavailable(_told("GitHub did not take the answer", reply))


async def _installation_token(
    http: httpx.AsyncClient, settings: Settings, installation_id: int, repository: str
) -> str:
    """A token for an hour that can answer this repository's deployments and nothing else."""
    url = f"{settings.github_api_url}/app/installations/{installation_id}/access_tokens"
    wanted = {"repositories": [repository], "permissions": {"deployments": "write"}}
    reply = await _post(http, url, _app_token(settings), wanted)
    try:
        if reply.status_code == httpx.codes.CREATED:
            return str(orjson.loads(reply.content)["token"])
    except (ValueError, KeyError, TypeError):
        pass
    raise Unavailable(_told("GitHub gave the app no token", reply))


def _app_token(settings: Settings) -> str:
    """The app's own token (JWT): ten minutes at most, and from a minute ago, as clocks differ."""
    file = settings.github_app_key_file
    if file is None or settings.github_app_id is None:
        raise Unavailable(f"Set {' and '.join(missing_settings(settings))}")
    at = int(time.time())
    claims = {"iss": settings.github_app_id, "iat": at - 60, "exp": at + 540}
    return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, _private_key(file))


def _private_key(file: Path) -> RSAKey:
    try:
        key = RSAKey.import_key(file.read_bytes())
    except (OSError, ValueError, JoseError) as problem:
        raise Unavailable(f"The key of the GitHub App cannot be read: {problem}") from problem
    if not key.is_private:
        raise Unavailable(f"{file} holds no private key")
    return key


async def _post(http: httpx.AsyncClient, url: str, token: str, body: Any) -> httpx.Response:
    try:
        return await http.post(url, json=body, headers={"Authorization": f"Bearer {token}"})
    except httpx.HTTPError as failure:
        raise Unavailable(f"GitHub cannot be reached ({type(failure).__name__})") from failure


def _told(what: str, reply: httpx.Response) -> str:
    """One line: the status and GitHub's own message."""
    try:
        message = str(orjson.loads(reply.content).get("message", ""))[:200]
    except (ValueError, AttributeError):
        message = ""
    return f"{what}: {reply.status_code} {message}".strip()
