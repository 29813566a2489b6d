"""CI systems that run our steps as they would, against an improvement-api over HTTP."""

import asyncio
import os
from asyncio.subprocess import Process
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import yaml

from tests.support.improvement import Improvement
from tests.support.processes import ROOT

FOLDER = ROOT / "deploy" / "ci"
SCRIPT = (FOLDER / "gate-check.sh").read_text()
GITHUB = yaml.safe_load((FOLDER / "github-actions.yml").read_text())["jobs"]["tollgate"]
GITLAB = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())["tollgate"]
GATE = "operate-to-improve"
# As each of them starts the shell of a step.
SHELLS = {
    "github": (["bash", "--noprofile", "--norc", "-eo", "pipefail"], GITHUB["steps"][0]["run"]),
    "gitlab": (["sh", "-e"], GITLAB["script"][0]),
}


@dataclass
class Ended:
    code: int
    output: str
    errors: str
    junit: Path
    summary: Path

    def outcomes(self) -> list[str]:
        suite = ElementTree.fromstring(self.junit.read_text())
        return [case[0].tag for case in suite.iter("testcase")]


@dataclass
class Pipeline:
    """A CI system with a checkout in `directory`, and improvement-api at `url`."""

    tollgate: Improvement
    url: str
    directory: Path

    @property
    def summary(self) -> Path:
        return self.directory / "summary.md"

    async def start(self, ci: str, **variables: str) -> Process:
        shell, step = SHELLS[ci]
        file = self.directory / "step.sh"
        file.write_text(step)
        environment = {
            "PATH": os.environ["PATH"],
            "TOLLGATE_URL": self.url,
            "TOLLGATE_SERVICE": "vpn",
            "TOLLGATE_GATE": GATE,
            "TOLLGATE_ALLOW_WARNING": "false",
            "TOLLGATE_RETRIES": "0",
            "TOLLGATE_TOKEN": self.tollgate.token("ci", scope="gates:read evaluations:write"),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        return await asyncio.create_subprocess_exec(
            *shell,
            str(file),
            cwd=self.directory,
            env=environment | variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

    async def run(self, ci: str = "github", **variables: str) -> Ended:
        process = await self.start(ci, **variables)
        output, errors = await asyncio.wait_for(process.communicate(), 60)
        junit = self.directory / "tollgate-junit.xml"
        return Ended(process.returncode or 0, output.decode(), errors.decode(), junit, self.summary)
