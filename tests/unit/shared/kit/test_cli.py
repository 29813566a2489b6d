"""A program that cannot begin says which variable is wrong, in one line, and never its value."""

import json

import pytest

from catalog_api.definition import DEFINITION
from shared.kit.cli import main

SUBSCRIBER = {"name": "x", "url": "http://x", "secret": ["hush"]}


@pytest.mark.parametrize("verb", ["serve", "worker", "migrate"])
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CATALOG_PORT", "hush", "CATALOG_PORT: Input should be a valid integer"),
        ("CATALOG_SUBSCRIBERS", "hush", "CATALOG_SUBSCRIBERS: it is not JSON"),
        ("CATALOG_SUBSCRIBERS", json.dumps([SUBSCRIBER]), "CATALOG_SUBSCRIBERS/0/secret: Input"),
        ("CATALOG_DATABASE_URL", "hush", "CATALOG_DATABASE_URL: write postgresql://"),
        ("CATALOG_DATABASE_URL", "postgresql://a:hush@h:x/d", "CATALOG_DATABASE_URL: write"),
        ("CATALOG_DATABASE_URL", "mysql://a:hush@h/d", "CATALOG_DATABASE_URL: write"),
    ],
)
def test_an_unusable_setting_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    variable: str,
    value: str,
    said: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, value)

    assert main(DEFINITION, [verb]) == 2

    line = capsys.readouterr().err
    assert line.startswith(said)
    assert line.count("\n") == 1
    assert "hush" not in line


@pytest.mark.parametrize(
    ("admin_url", "runtime_url", "said"),
    [
        ("", "postgresql://a:b@h/d", "Set DATABASE_URL"),
        ("hush", "postgresql://a:b@h/d", "DATABASE_URL: write postgresql://"),
        ("postgresql://a:hush@127.0.0.1:1/d", "postgresql://a:b@h/d", "DATABASE_URL cannot be"),
        ("postgresql://a:hush@127.0.0.1:1/d", "postgresql://h/d", "CATALOG_DATABASE_URL names no"),
    ],
)
def test_a_database_that_cannot_be_migrated_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    admin_url: str,
    runtime_url: str,
    said: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("DATABASE_URL", admin_url)
    monkeypatch.setenv("CATALOG_DATABASE_URL", runtime_url)

    assert main(DEFINITION, ["migrate"]) != 0

    line = capsys.readouterr().err
    assert line.startswith(said)
    assert line.count("\n") == 1
    assert "hush" not in line
    assert "Is the server running" not in line
