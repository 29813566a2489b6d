"""A service made of nothing but the plumbing: what the tests of shared.kit run."""

import json
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

import psycopg
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from psycopg import sql
from pydantic_settings import SettingsConfigDict
from sqlalchemy import Column, Integer, Table, Text, create_engine

from shared.clients.local_issuer import sign_local_token
from shared.kit import auth, event_routes, problems
from shared.kit.auth import Principal, requires
from shared.kit.database import engine_for, metadata_for, sqlalchemy_url
from shared.kit.job_schema import apply_jobs_schema
from shared.kit.settings import ServiceSettings, TrustedIssuer
from shared.kit.tables import kit_tables
from shared.scopes import SCOPES
from tests.support.postgres import Database, Server

SCHEMA = "plumbing"
metadata = metadata_for(SCHEMA)
kit = kit_tables(metadata)
note = Table("note", metadata, Column("id", Integer, primary_key=True), Column("text", Text))


class PlumbingSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="PLUMBING_", frozen=True, extra="ignore")

    schema_name: ClassVar[str] = SCHEMA
    service_name: ClassVar[str] = "plumbing-api"


def install(server: Server, database: Database) -> None:
    """Role, tables, queue and grants, as `migrate` makes them for a real service."""
    role = psycopg.conninfo.conninfo_to_dict(database.runtime_url)
    names = {"role": sql.Identifier(str(role["user"])), "schema": sql.Identifier(SCHEMA)}
    # Roles are the cluster's, locks a database's: the one that all processes know keeps them apart.
    with server.connect() as everyone, everyone.transaction():
        everyone.execute("SELECT pg_advisory_xact_lock(hashtext('plumbing role'))")
        known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        if not everyone.execute(known, [role["user"]]).fetchone():
            everyone.execute(sql.SQL("CREATE ROLE {role} LOGIN").format(**names))
        everyone.execute(
            sql.SQL("ALTER ROLE {role} PASSWORD {}").format(
                sql.Literal(str(role["password"])), **names
            )
        )
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE SCHEMA {schema}").format(**names))
        admin.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(f"{SCHEMA}_jobs")))
        engine = create_engine(sqlalchemy_url(database.admin_url))
        metadata.create_all(engine)
        engine.dispose()
        apply_jobs_schema(admin, f"{SCHEMA}_jobs", str(role["user"]))
        for statement in (
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        ):
            admin.execute(sql.SQL(statement).format(**names))


def clone(server: Server, template: Database) -> Database:
    """A copy of an installed database."""
    name = f"{server.run}_plumbing_{secrets.token_hex(6)}"
    with server.connect() as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(template.name)
            )
        )
    urls = (url.replace(template.name, name) for url in (template.admin_url, template.runtime_url))
    return Database(template.service, name, *urls)


def make_key(directory: Path, name: str) -> Path:
    """A private JWK file NAME.jwk, with NAME.jwks.json beside it; answers the former."""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    private = directory / f"{name}.jwk"
    private.write_text(json.dumps(key.as_dict(private=True)))
    publish(directory / f"{name}.jwks.json", [key])
    return private


def publish(file: Path, keys: Iterable[Any]) -> None:
    file.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))


def local_issuer(directory: Path, **limits: Any) -> TrustedIssuer:
    """The local issuer as a service trusts it; its key is made on first use."""
    if not (directory / "local-issuer.jwk").exists():
        make_key(directory, "local-issuer")
    return TrustedIssuer(
        issuer="urn:tollgate:local", jwks=str(directory / "local-issuer.jwks.json"), **limits
    )


def token(directory: Path, subject: str = "alice", scopes: Iterable[str] = SCOPES) -> str:
    ttl = timedelta(minutes=5)
    return sign_local_token(directory / "local-issuer.jwk", subject, [], scopes, ttl)


@asynccontextmanager
async def running_app(settings: ServiceSettings) -> AsyncIterator[FastAPI]:
    """An app with the plumbing's own routes, and /whoami for who has `catalog:read`."""
    app = FastAPI()
    app.state.settings = settings
    app.state.engine = engine_for(settings)
    problems.install_problem_handlers(app)
    app.include_router(event_routes.router)
    app.add_api_route("/whoami", whoami)
    auth.install_verifier(app, settings)
    yield app
    await app.state.engine.dispose()


async def whoami(caller: Annotated[Principal, requires("catalog:read")]) -> dict[str, Any]:
    return {
        "subject": caller.subject,
        "kind": caller.kind,
        "scopes": sorted(caller.scopes),
        "roles": sorted(caller.roles),
        "on_behalf_of": caller.on_behalf_of,
        "source": caller.source,
    }
