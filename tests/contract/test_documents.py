"""What README and docs name is there: links, files, endpoints, settings, jobs."""

import json
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from shared.kit.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
SERVICES = ("catalog", "metrics", "improvement")
READMES = {service: ROOT / f"services/{service}-api/README.md" for service in SERVICES}
DECISIONS = sorted((ROOT / "docs/decisions").iterdir())
DOCUMENTS = [ROOT / "README.md", ROOT / "docs/tollgates.md", *READMES.values(), *DECISIONS]
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]+))?\)")
FILE = re.compile(r"`([\w-][\w./-]*\.(?:py|sh|sql|yaml|yml|md|json))(?::[^`]*)?`")
ENDPOINT = re.compile(r"/v1/[\w{}/.-]*[\w}]")
HOMES = ("services/*", "services/*/src", "services/*/src/*", "shared/src")


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor in LINK.findall(document.read_text()):
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    homes = [ROOT, *(home for places in HOMES for home in ROOT.glob(places))]

    for name in FILE.findall(document.read_text()):
        assert "/" not in name or any((home / name).exists() for home in homes), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_endpoint_that_is_named_is_served(document: Path) -> None:
    for named in ENDPOINT.findall(document.read_text()):
        assert any(begins_with(path, named.split("/")) for path in served()), named


@cache
def served() -> list[list[str]]:
    """The paths of all three contracts, in their parts."""
    contracts = [
        json.loads((home.parent / "openapi.json").read_text()) for home in READMES.values()
    ]
    return [path.split("/") for contract in contracts for path in contract["paths"]]


def begins_with(path: list[str], named: list[str]) -> bool:
    pairs = zip(path, named, strict=False)
    return len(named) <= len(path) and all(
        there == here or there.startswith("{") for there, here in pairs
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_readme_has_every_setting_and_every_job_of_its_service(service: str) -> None:
    text = READMES[service].read_text()
    settings = import_module(f"{service}_api.settings").Settings
    jobs = import_module(f"{service}_api.definition").DEFINITION.job_table()
    own = {name.removesuffix("_before") for name in settings.model_fields}
    own -= ServiceSettings.model_fields.keys()

    assert {name for name in own if name.upper() not in text} == set()
    assert {job.name for job in jobs if f"`{job.name}`" not in text} == set()


def test_decisions_are_numbered_as_their_files_are() -> None:
    for number, decision in enumerate(DECISIONS, start=1):
        assert decision.name.startswith(f"{number:04}-")
        assert decision.read_text().startswith(f"# {number}. ")
