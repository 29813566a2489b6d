"""`python -m <service> serve | worker | migrate | openapi`: the same four verbs everywhere."""

import argparse
import asyncio
import gc
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import orjson
import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError

from shared.kit.database import engine_for, libpq_url
from shared.kit.definition import ServiceDefinition
from shared.kit.logging import configure_logging
from shared.kit.migrations import (
    MigrationError,
    StaleSchema,
    check_schema,
    first_line,
    migrate,
    runtime_variable,
)
from shared.kit.settings import ServiceSettings
from shared.kit.wire import JoiningProtocol
from shared.kit.worker import run_worker


def main(definition: ServiceDefinition, arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code. Errors are one line on standard error."""
    parser = argparse.ArgumentParser(prog=f"python -m {definition.package}")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve", help="answer HTTP requests")
    verbs.add_parser("worker", help="run background jobs")
    verbs.add_parser("migrate", help="bring role, schema and grants to this release")
    contract = verbs.add_parser("openapi", help="print the contract, or write it to a file")
    contract.add_argument("file", nargs="?", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.verb == "openapi":
        return _openapi(definition, chosen.file)
    try:
        settings = definition.settings()
    except (ValidationError, SettingsError) as error:
        print(_unusable(definition, error), file=sys.stderr)  # noqa: T201
        return 2
    verb = {"serve": _serve, "worker": _worker, "migrate": _migrate}[chosen.verb]
    return verb(definition, settings)


def _unusable(definition: ServiceDefinition, error: ValidationError | SettingsError) -> str:
    """Which variable is wrong and why, in one line; never its value, which may be a secret."""
    prefix = definition.schema.upper()
    if isinstance(error, SettingsError):
        named = re.search(r'field "(\w+)"', str(error))
        return f"{prefix}_{named[1].upper() if named else '…'}: it is not JSON"
    return "; ".join(
        f"{prefix}_{'/'.join([str(field).upper(), *map(str, inside)])}:"
        f" {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_input=False, include_url=False)
        for field, *inside in [problem["loc"]]
    )


def _serve(definition: ServiceDefinition, settings: ServiceSettings) -> int:
    refusal = asyncio.run(_refusal(definition, settings))
    if refusal is not None:
        print(refusal, file=sys.stderr)  # noqa: T201
        return 1
    configure_logging(settings)
    with _made_for_good():
        app = definition.create_app(settings)
    # A request leaves hardly any garbage: at Python's own thresholds to look for it took a twelfth
    # of the time under load.
    gc.set_threshold(5_000, 10, 10)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=JoiningProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
    server.run()
    return 0 if server.started else 1


async def _refusal(definition: ServiceDefinition, settings: ServiceSettings) -> str | None:
    """Why the database does not do, in one line: where the app finds it out it is a traceback."""
    engine = engine_for(settings)
    try:
        await check_schema(engine, definition.package, definition.schema)
    except StaleSchema as error:
        return str(error)
    except DBAPIError as error:
        return (
            f"{runtime_variable(definition)} cannot be used ({first_line(error.orig or error)}):"
            " start PostgreSQL, or correct host, port, user, password and database"
        )
    finally:
        await engine.dispose()
    return None


@contextmanager
def _made_for_good() -> Iterator[None]:
    """For what is imported and made once and lives as long as the process.

    To search it for garbage takes a sixth of the start, and later 0.1 s each time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.collect()
    gc.freeze()


def _worker(definition: ServiceDefinition, settings: ServiceSettings) -> int:
    configure_logging(settings)
    check = partial(check_schema, package=definition.package, schema=definition.schema)
    with _made_for_good():
        jobs = definition.job_table()
    try:
        asyncio.run(run_worker(settings, jobs, check=check))
    except StaleSchema as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _migrate(definition: ServiceDefinition, settings: ServiceSettings) -> int:
    admin_url = os.environ.get("DATABASE_URL")
    if not admin_url:
        print("Set DATABASE_URL to an administrative PostgreSQL URL", file=sys.stderr)  # noqa: T201
        return 2
    runtime_url = settings.database_url.get_secret_value()
    try:
        migrate(definition, admin_url, libpq_url(runtime_url))
    except MigrationError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    print(f"The schema {definition.schema} is that of this release")  # noqa: T201
    return 0


def _openapi(definition: ServiceDefinition, file: Path | None) -> int:
    document = definition.create_app(None).openapi()
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    if file is None:
        sys.stdout.buffer.write(text)
    else:
        file.write_bytes(text)
    return 0
