"""GitHub, as far as a GitHub App that protects deployments sees it, on loopback."""

import hmac
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from tests.support.gates import automated
from tests.support.improvement import Improvement, running_improvement
from tests.support.postgres import Database
from tests.support.serving import serving

GATE = "operate-to-improve"
SECRET, BEFORE = "of-the-app", "of-the-app-before"
RULES, REQUESTS = "/v1/deployment-protection/rules", "/v1/deployment-protection/requests"
RULE = {"repository": "Acme/Shop", "environment": "production", "service": "vpn", "gate": GATE}
ENDS = "deployment_protection_rule"
APP_ID, INSTALLATION = "Iv23liTollgate", 4711
TOKEN_PATH = f"/api/v3/app/installations/{INSTALLATION}/access_tokens"
ANSWER_PATH = re.compile(r"/api/v3/repos/acme/shop/actions/runs/(\d+)/deployment_protection_rule")


@dataclass
class GitHub:
    """What it was told, in order; `failing` has statuses that it answers first, by path's end."""

    key: RSAKey
    key_file: Path
    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    asked_for: list[dict[str, Any]] = field(default_factory=list)
    failing: dict[str, list[int]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def answers(self) -> list[str | None]:
        """The states it was told; None is a status report without one."""
        return [one.get("state") for one in self.told]

    def callback(self, run: int = 7) -> str:
        return f"{self.url}/repos/acme/shop/actions/runs/{run}/deployment_protection_rule"

    def asks(self, **fields: Any) -> dict[str, Any]:
        """The payload of a webhook, with a few of the many members that nobody here reads."""
        return {
            "action": "requested",
            "environment": "Production",
            "event": "push",
            "deployment_callback_url": self.callback(),
            "deployment": {
                "id": 1,
                "ref": "main",
                "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
                "creator": {"login": "octocat", "id": 1},
            },
            "pull_requests": [],
            "repository": {"id": 1, "full_name": "acme/shop", "private": True},
            "installation": {"id": INSTALLATION, "node_id": "x"},
            "sender": {"login": "octocat"},
            **fields,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, reply = self._reply(scope["path"], headers, json.loads(body))
        sent = json.dumps(reply).encode() if reply is not None else b""
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": sent})

    def _reply(self, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        end = path.rpartition("/")[2]
        if self.failing.get(end):
            return self.failing[end].pop(0), {"message": "because it fails"}
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if path == TOKEN_PATH:
            return self._token(token, body)
        if ANSWER_PATH.fullmatch(path) is None:
            return 404, {"message": "Not Found"}
        if token not in self.tokens:
            return 401, {"message": "Bad credentials"}
        self.told.append(body)
        return 204, None

    def _token(self, presented: str, body: Any) -> tuple[int, Any]:
        try:
            claims = jwt.decode(presented, self.key, algorithms=["RS256"]).claims
        except JoseError:
            return 401, {"message": "A JSON web token could not be decoded"}
        if claims["iss"] != APP_ID or claims["exp"] - claims["iat"] > 600:
            return 401, {"message": "Bad claims"}
        self.asked_for.append(body)
        token = f"ghs_{uuid4().hex}"
        self.tokens.add(token)
        return 201, {"token": token, "expires_at": "2030-01-01T00:00:00Z"}


def signature(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


@asynccontextmanager
async def github(directory: Path) -> AsyncIterator[GitHub]:
    """An Enterprise Server, whose app has its key in a file as GitHub gives it."""
    key = RSAKey.generate_key(2048, private=True)
    file = directory / "app.private-key.pem"
    file.write_bytes(key.as_pem(private=True))
    server = GitHub(key, file)
    async with serving(server) as url:
        server.url = f"{url}/api/v3"
        yield server


@asynccontextmanager
async def guarding(database: Database, directory: Path, hub: GitHub) -> AsyncIterator[Improvement]:
    """improvement-api as GitHub's app, at whose gate the service vpn passes."""
    knobs = {
        "github_webhook_secret": SecretStr(SECRET),
        "github_webhook_secret_before": SecretStr(BEFORE),
        "github_app_id": APP_ID,
        "github_app_key_file": hub.key_file,
        "github_api_url": hub.url,
        "public_url": "https://tollgate.example/",
    }
    async with running_improvement(database, directory, **knobs) as running:
        running.fake.add_service("vpn")
        await running.publish(GATE, [automated(expression="backlog_open <= 3.0")])
        yield running


async def rule(guarded: Improvement, **fields: Any) -> Any:
    reply = await guarded.http.post(RULES, json=RULE | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def ask(
    guarded: Improvement, sent: dict[str, Any], secret: str = SECRET, **headers: str
) -> httpx.Response:
    body = json.dumps(sent).encode()
    told = {
        "X-GitHub-Event": "deployment_protection_rule",
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": signature(body, secret),
        "Content-Type": "application/json",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.ASGITransport(app=guarded.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://improvement") as http:
        return await http.post("/v1/deployment-protection/github", content=body, headers=told)


async def asked(guarded: Improvement, hub: GitHub, **fields: Any) -> str:
    """The delivery of a question that was taken."""
    delivery = str(uuid4())
    reply = await ask(guarded, hub.asks(**fields), X_GitHub_Delivery=delivery)
    assert (reply.status_code, reply.json()["taken"]) == (202, True), reply.text
    return delivery


async def work(guarded: Improvement, delivery: str) -> Any:
    """Look at a request once, as the worker would."""
    await guarded.run_job("answer_deployment", {"delivery": delivery})
    return await read(guarded, delivery)


async def read(guarded: Improvement, delivery: str) -> Any:
    reply = await guarded.http.get(f"{REQUESTS}/{delivery}")
    assert reply.status_code == 200, reply.text
    return reply.json()
