"""A program on a schema that is not its release's refuses to start and says what to do."""

import os
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from tests.support.postgres import Database


@pytest.mark.parametrize("service", ["catalog", "metrics", "improvement"])
@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_nothing_starts_on_a_stale_schema(
    make_database: Callable[[str], Database], service: str, verb: str
) -> None:
    database = make_database(service)
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(f"UPDATE {service}.alembic_version SET version_num = 'yesterday'")

    ended = subprocess.run(
        [sys.executable, "-m", f"{service}_api", verb],
        env={**os.environ, **database.environment()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode != 0
    assert f"python -m {service}_api migrate" in ended.stderr
