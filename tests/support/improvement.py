"""The real improvement-api over ASGI; the other two services are answers on its transport."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from pydantic import SecretStr

from improvement_api.app import create_app
from improvement_api.gates.defaults import FACTS_OF_DEFAULTS
from improvement_api.settings import Settings
from improvement_api.worker import JOBS
from shared.kit.client import CallPolicy, RemoteClient
from shared.kit.identity import TokenProvider
from shared.kit.jobs import JobContext
from shared.kit.settings import TrustedIssuer
from shared.kit.worker import Pace, work
from shared.schemas.catalog import ServiceKind, ServiceSummary, Stage, TransitionOut
from shared.schemas.improvement import Gate
from shared.scopes import SCOPES
from tests.support.compliance import compliant_facts
from tests.support.gates import gate_of
from tests.support.postgres import Database

ISSUER = "urn:tollgate:test"
ALL_SCOPES = " ".join(SCOPES)
CATALOG, METRICS = "http://catalog", "http://metrics"
PATIENCE = timedelta(milliseconds=300)

# A service at `operate` that meets every automated criterion of operate-to-improve but `plan`.
GOOD_FACTS: dict[str, Any] = compliant_facts(Gate.OPERATE_TO_IMPROVE) | {
    "backlog_open": 3,
    "incident_count_last_90_days": 40,
    "hours_since_last_record": 2.5,
}


@dataclass
class Fake:
    """Answers as catalog-api and metrics-api would; `down` and `hanging` name those that do not.

    Where `real` has a transport for a host, the real service answers.
    """

    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    as_of: datetime | None = None
    down: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    requests: list[httpx.Request] = field(default_factory=list)
    transition_status: int = 201
    initiative_status: int = 204
    extra_definitions: list[dict[str, Any]] = field(default_factory=list)
    real: dict[str, httpx.AsyncBaseTransport] = field(default_factory=dict)

    def add_service(self, key: str = "vpn", **facts: Any) -> None:
        self.services[key] = GOOD_FACTS | facts

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        host = request.url.host
        if host in self.down:
            raise httpx.ConnectError("refused", request=request)
        if host in self.hanging:
            await asyncio.sleep(30)
        if host in self.real:
            return await self.real[host].handle_async_request(request)
        return self.own_answer(request)

    def own_answer(self, request: httpx.Request) -> httpx.Response:
        """What the fake itself says; one in `real` may hand on what it does not answer."""
        host = request.url.host
        parts = request.url.path.strip("/").split("/")[1:]
        if parts == ["facts"]:
            extra = self.extra_definitions if host == "metrics" else []
            return httpx.Response(200, json={"items": [*_definitions(host), *extra]})
        if parts[0] == "initiatives":
            return _reply(self.initiative_status, {})
        if len(parts) == 1:
            return httpx.Response(200, json={"items": [], "next_cursor": None})
        if parts[1] not in self.services:
            return problem(404, "not_found")
        return self._about(host, parts[1], parts[2] if len(parts) > 2 else "")

    def _about(self, host: str, key: str, what: str) -> httpx.Response:
        facts = self.services[key]
        if what == "transitions":
            return _reply(self.transition_status, _transition(key).model_dump(mode="json"))
        if what == "facts":
            stamp = (self.as_of or datetime.now(UTC)).isoformat()
            own = {d["name"] for d in _definitions(host)}
            values = {
                name: {"value": value, "as_of": stamp, "reason": "none" if value is None else None}
                for name, value in facts.items()
                if name in own
            }
            return httpx.Response(200, json={"service": key, "facts": values})
        summary = _summary(key, facts["service_stage"])
        return httpx.Response(200, json=summary.model_dump(mode="json"))


def _definitions(host: str) -> list[dict[str, Any]]:
    return [
        {"name": fact.name, "type": fact.type, "unit": None, "owner": host, "meaning": fact.name}
        for fact in FACTS_OF_DEFAULTS.values()
        if fact.owner == host
    ]


def _summary(key: str, stage: str) -> ServiceSummary:
    return ServiceSummary(
        key=key,
        name=key,
        kind=ServiceKind.BUSINESS,
        portfolio="demo",
        stage=Stage(stage),
        criticality=None,
        revision=1,
    )


def _transition(key: str) -> TransitionOut:
    return TransitionOut(
        id=uuid4(),
        service=key,
        gate="operate-to-improve",
        gate_version=1,
        from_stage=Stage.OPERATE,
        to_stage=Stage.IMPROVE,
        decision="d1",
        evaluation="e1",
        decided_by="eve",
        decided_at=datetime.now(UTC),
        moved_at=datetime.now(UTC),
        moved_by="improvement-api",
        on_behalf_of=None,
    )


def _reply(status: int, body: dict[str, Any]) -> httpx.Response:
    return problem(status, "refused") if status >= 400 else httpx.Response(status, json=body)


def problem(status: int, code: str) -> httpx.Response:
    document = {"status": status, "code": code, "detail": f"because of {code}"}
    media = {"content-type": "application/problem+json"}
    return httpx.Response(status, content=json.dumps(document), headers=media)


@dataclass
class Improvement:
    """A running improvement-api: `http` is a pipeline with every scope and no role."""

    app: FastAPI
    http: httpx.AsyncClient
    settings: Settings
    issuer_key: OKPKey
    fake: Fake
    database: Database

    def token(self, subject: str, roles: Iterable[str] = (), scope: str = ALL_SCOPES) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "tollgate", "iat": now, "exp": now + 600}
        payload = {**claims, "sub": subject, "scope": scope, "roles": list(roles)}
        header = {"alg": "Ed25519", "kid": self.issuer_key.kid, "typ": "JWT"}
        return jwt.encode(header, payload, self.issuer_key, algorithms=["Ed25519"])

    def caller(
        self, subject: str, *roles: str, scope: str = ALL_SCOPES, **headers: str
    ) -> dict[str, str]:
        """Headers of a caller with these roles."""
        return {"Authorization": f"Bearer {self.token(subject, roles, scope)}", **headers}

    async def evaluate(self, service: str = "vpn", gate: str = "operate-to-improve") -> Any:
        reply = await self.http.post(f"/v1/services/{service}/gates/{gate}/evaluations")
        assert reply.status_code == 201, reply.text
        return reply.json()

    async def sign(
        self, evaluation: Any, criterion: str, who: dict[str, str], facts_hash: str | None = None
    ) -> httpx.Response:
        body = {"criterion": criterion, "facts_hash": facts_hash or evaluation["facts_hash"]}
        path = f"/v1/evaluations/{evaluation['id']}/signatures"
        return await self.http.post(path, json=body, headers=who)

    async def evaluate_and_sign(self, service: str) -> Any:
        """An evaluation with the signature of ada, a service owner, for the criterion `owner`."""
        evaluation = await self.evaluate(service)
        reply = await self.sign(evaluation, "owner", self.caller("ada", "service_owner"))
        assert reply.status_code == 201, reply.text
        return evaluation

    async def decide(self, evaluation: Any, who: dict[str, str], /, **body: Any) -> httpx.Response:
        path = f"/v1/services/{evaluation['service']}/gates/{evaluation['gate']}/decisions"
        sent = {"evaluation": evaluation["id"], "comment": "", **body}
        return await self.http.post(path, json=sent, headers=who)

    async def publish(self, gate: str, criteria: list[dict[str, Any]], **fields: Any) -> Any:
        reply = await self.http.post(f"/v1/gates/{gate}/versions", json=gate_of(criteria, **fields))
        assert reply.status_code == 201, reply.text
        return reply.json()

    def make_older(self, evaluation: Any, hours: float) -> None:
        """Let an evaluation have been made earlier; only an administrator can."""
        self.as_admin(
            "UPDATE improvement.evaluation SET evaluated_at = evaluated_at - %s WHERE id = %s",
            timedelta(hours=hours),
            evaluation["id"],
        )

    def as_admin(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.database.admin_url, autocommit=True) as admin:
            admin.execute(statement.encode(), values)

    async def run_job(self, name: str, payload: dict[str, Any]) -> None:
        """Run a job as the worker would, with the fake services on its transport."""
        function = next(job.function for job in JOBS if job.name == name)
        await function(self._job_context(), payload)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A real worker beside the app."""
        stop = asyncio.Event()
        pace = Pace(poll=0.2, grace=2)
        worker = asyncio.create_task(work(self._job_context(), JOBS, stop, pace))
        try:
            yield
        finally:
            stop.set()
            await worker

    def _job_context(self) -> JobContext:
        policy = CallPolicy(self.settings.fact_deadline, attempts=1)
        transport = httpx.MockTransport(self.fake.answer)
        remotes = {
            remote: RemoteClient(self.settings, remote, url, policy=policy, transport=transport)
            for remote, url in (("catalog-api", CATALOG), ("metrics-api", METRICS))
        }
        identity = TokenProvider(self.settings)
        return JobContext(self.app.state.engine, self.settings, identity, remotes)


@asynccontextmanager
async def running_improvement(
    database: Database, directory: Path, **knobs: Any
) -> AsyncIterator[Improvement]:
    """Start the app on a migrated database, with keys of its own and fake providers."""
    issuer = OKPKey.generate_key("Ed25519", {"kid": "issuer"})
    (directory / "issuer.jwks.json").write_text(json.dumps(KeySet([issuer]).as_dict(private=False)))
    identity = write_private_key(directory / "identity.jwk", "identity")
    (directory / "identity.jwks.json").write_text(
        json.dumps(KeySet([identity]).as_dict(private=False))
    )
    write_private_key(directory / "decisions.jwk", "decisions")
    fake = Fake()
    settings = Settings(
        database_url=SecretStr(database.runtime_url),
        trusted_issuers=(TrustedIssuer(issuer=ISSUER, jwks=str(directory / "issuer.jwks.json")),),
        identity_key_file=directory / "identity.jwk",
        identity_issuer="urn:tollgate:improvement-api",
        catalog_url=CATALOG,
        metrics_url=METRICS,
        **{
            "decision_key_file": directory / "decisions.jwk",
            "fact_deadline": PATIENCE,
            **knobs,
        },
    )
    app = create_app(settings, transport=httpx.MockTransport(fake.answer))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://improvement") as http,
    ):
        running = Improvement(app, http, settings, issuer, fake, database)
        http.headers.update(running.caller("pipeline"))
        yield running


def write_private_key(file: Path, kid: str) -> OKPKey:
    key = OKPKey.generate_key("Ed25519", {"kid": kid}, private=True)
    file.write_text(json.dumps(key.as_dict(private=True)))
    return key
