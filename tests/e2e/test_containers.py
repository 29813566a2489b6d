"""The same product on the PostgreSQL of a container, where an engine and a local image exist."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config

from tests.support.processes import running_system

IMAGES = ("postgres:17-alpine", "postgres:17", "postgres:16-alpine", "postgres:15-alpine")

pytestmark = [pytest.mark.containers, pytest.mark.slow]


@pytest.fixture
def container_url() -> Iterator[str]:
    image = local_image()
    # The cleaner container is one more image, and the fixture cleans up itself.
    testcontainers_config.ryuk_disabled = True
    with PostgresContainer(image, username="admin", password="admin", dbname="tollgate") as server:
        yield server.get_connection_url(driver=None)


def local_image() -> str:
    """A PostgreSQL image that need not be pulled; skips the test where there is none."""
    try:
        engine = docker.from_env(timeout=5)
        present = {tag for image in engine.images.list() for tag in image.tags}
    except DockerException as error:
        pytest.skip(f"no container engine answers: {str(error).splitlines()[0][:100]}")
    for image in IMAGES:
        if image in present:
            return image
    pytest.skip(f"none of {', '.join(IMAGES)} is a local image")


def test_it_migrates_and_takes_an_incident_in_a_container(
    container_url: str, tmp_path: Path
) -> None:
    with running_system(tmp_path, DATABASE_URL=container_url) as system:
        system.call("metrics", "POST", "/v1/sources", json={"key": "desk", "name": "Desk"})
        incident = {
            "source": "desk",
            "external_id": "INC-1",
            "service": "mail",
            "state": "resolved",
            "opened_at": "2026-01-01T08:00:00Z",
            "resolved_at": "2026-01-01T10:00:00Z",
            "updated_at": "2026-01-01T10:00:00Z",
        }
        assert system.send("metrics", "POST", "/v1/incidents", json=incident).status_code == 201

        repeated = system.send("metrics", "POST", "/v1/incidents", json=incident)

        assert repeated.status_code == 200
