"""Real payloads of ITSM tools that lie beside the project, where they do."""

from collections.abc import Iterator
from pathlib import Path


def payload_directory() -> Path | None:
    """The nearest `shared/data/payloads` of a folder that holds the project, or None."""
    for parent in Path(__file__).resolve().parents:
        found = parent / "shared" / "data" / "payloads"
        if found.is_dir():
            return found
    return None


def payloads() -> Iterator[Path]:
    """Every body, in folders by tool; none where there are none."""
    directory = payload_directory()
    if directory is not None:
        yield from sorted(directory.glob("*/*.json"))
