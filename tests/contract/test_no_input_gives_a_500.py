"""Whatever the contract allows, and whatever it does not, no operation fails unexpectedly."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import System, running_system

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# An operation, of which there are hundreds. FUZZ_EXAMPLES=50 is a search for an evening.
EXAMPLES = {"catalog": "2", "metrics": "2", "improvement": "3"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("fuzzed")) as running:
        yield running


@pytest.mark.parametrize("service", EXAMPLES)
def test_no_input_gives_a_500(system: System, service: str, tmp_path: Path) -> None:
    system.get(service, "/openapi.json")  # made now: schemathesis waits 10 s for it at most

    ended = subprocess.run(
        [
            SCHEMATHESIS, "run", f"{system.url(service)}/openapi.json",
            "--checks", "not_a_server_error", "--phases", "examples,fuzzing",
            "--max-examples", os.environ.get("FUZZ_EXAMPLES", EXAMPLES[service]),
            "--generation-deterministic", "--no-color", "--request-timeout", "30",
            "--header", f"Authorization: Bearer {system.token()}",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
