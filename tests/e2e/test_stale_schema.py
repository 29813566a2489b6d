"""A program without a database of its release refuses to start and says what to do."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.postgres import Database


@pytest.mark.parametrize("service", ["catalog", "metrics", "improvement"])
@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_nothing_starts_on_a_stale_schema(
    make_database: Callable[[str], Database], service: str, verb: str
) -> None:
    database = make_database(service)
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(f"UPDATE {service}.alembic_version SET version_num = 'yesterday'")

    ended = started(service, verb, database.environment())

    assert ended.returncode == 1
    assert f"python -m {service}_api migrate" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("away", "why"),
    [
        ({"port": 1}, "Connection refused"),
        ({"password": "wrong"}, "password authentication failed"),
        ({"database": "elsewhere"}, 'database "elsewhere" does not exist'),
    ],
)
def test_nothing_is_served_without_its_database(
    make_database: Callable[[str], Database], away: dict[str, Any], why: str
) -> None:
    url = make_url(make_database("catalog").runtime_url).set(**away)
    secret = url.render_as_string(hide_password=False)

    ended = started("catalog", "serve", {"CATALOG_DATABASE_URL": secret})

    assert ended.returncode == 1
    assert ended.stderr.startswith("CATALOG_DATABASE_URL cannot be used")
    assert why in ended.stderr
    assert ended.stderr.count("\n") == 1


def started(
    service: str, verb: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"{service}_api", verb],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
