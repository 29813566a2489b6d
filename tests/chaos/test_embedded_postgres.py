"""The embedded PostgreSQL after kills, orphans and foreign lock files."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import UNSAFE_BUT_FAST
from tollgate_local import postgres
from tollgate_local.errors import SetupError
from tollgate_local.postgres import Cluster
from tollgate_local.processes import ProcessGroup


@dataclass
class Place:
    group: ProcessGroup
    cluster: Cluster
    log: Path

    def start(self) -> subprocess.Popen[bytes]:
        return postgres.start(self.group, self.cluster, self.log)

    def answer(self) -> object:
        with psycopg.connect(self.cluster.url("postgres")) as connection:
            return connection.execute("SELECT 1").fetchone()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    sockets = postgres.socket_directory()
    group = ProcessGroup(remove=[sockets])
    cluster = postgres.prepare(tmp_path / "data", sockets, "p@ss:/ %", UNSAFE_BUT_FAST)
    yield Place(group, cluster, tmp_path / "postgres.log")
    group.close()


def postmaster(place: Place) -> int:
    return int((place.cluster.data / "postmaster.pid").read_text().splitlines()[0])


def test_a_stop_is_clean_and_the_next_start_needs_no_recovery(place: Place) -> None:
    assert postgres.stop(place.start())
    place.start()

    assert place.answer() == (1,)
    assert "not properly shut down" not in place.log.read_text()


def test_a_killed_server_starts_again_at_once(place: Place) -> None:
    for _ in range(3):
        server = place.start()
        with psycopg.connect(place.cluster.url("postgres")):
            server.kill()
            server.wait()

    place.start()

    assert place.answer() == (1,)


def test_an_orphan_is_stopped_and_its_data_taken_over(place: Place) -> None:
    place.start()
    orphan = postmaster(place)
    stranger = Place(ProcessGroup(), place.cluster, place.log)

    stranger.start()

    assert postmaster(place) != orphan
    assert stranger.answer() == (1,)
    stranger.group.close()


def test_a_lock_file_with_the_pid_of_another_program_does_not_stop_a_start(place: Place) -> None:
    server = place.start()
    lock_file = place.cluster.data / "postmaster.pid"
    left_behind = lock_file.read_text().splitlines()
    server.kill()
    server.wait()
    bystander = subprocess.Popen(["sleep", "60"])
    lock_file.write_text("\n".join([str(bystander.pid), *left_behind[1:]]) + "\n")

    place.start()

    assert place.answer() == (1,)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_closed_group_has_ended_its_children_and_removed_its_directory(place: Place) -> None:
    server = place.start()

    place.group.close()

    assert server.wait(5) == 0
    assert not place.cluster.socket.exists()
    place.group = ProcessGroup()  # for the fixture to close


def test_no_password_is_no_login(place: Place) -> None:
    place.start()

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{place.cluster.port}/postgres")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://postgres@/postgres?host={place.cluster.socket}")


def test_data_of_another_major_version_is_refused(place: Place) -> None:
    (place.cluster.data / "PG_VERSION").write_text("14\n")

    with pytest.raises(SetupError, match="was made by PostgreSQL 14"):
        postgres.prepare(place.cluster.data, place.cluster.socket, "x")


def test_a_lost_password_is_named(place: Place) -> None:
    forgetful = Cluster(place.cluster.data, place.cluster.port, place.cluster.socket, "another")

    with pytest.raises(SetupError, match=r"restore secrets\.json"):
        postgres.start(place.group, forgetful, place.log)


def test_an_interrupted_initdb_is_begun_again(tmp_path: Path) -> None:
    partial = tmp_path / "data.partial"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("")
    sockets = postgres.socket_directory()

    postgres.prepare(tmp_path / "data", sockets, "secret", UNSAFE_BUT_FAST)

    assert (tmp_path / "data" / "postgresql.conf").exists()
    assert not partial.exists()
    sockets.rmdir()
