"""The environment that `make up` builds is the one that the services read."""

import importlib
import json
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.scopes import SCOPES
from tollgate_local.environment import SERVICES, Installation, package, service_environment
from tollgate_local.errors import SetupError
from tollgate_local.identities import ensure_identities, private_key, public_keys
from tollgate_local.ports import service_ports

ADMIN = "postgresql://postgres:p%40ss@127.0.0.1:5432/tollgate"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path, {"catalog": 1, "metrics": 2, "improvement": 3})
    ensure_identities(made.identities)
    return made


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_a_setting_of_its_service(
    service: str, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = service_environment(installation, service, ADMIN)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    settings_class = importlib.import_module(f"{package(service)}.settings").Settings
    settings = settings_class()

    prefix = f"{service.upper()}_"
    ours = {name.removeprefix(prefix).lower() for name in environment if name.startswith(prefix)}
    assert ours <= set(settings_class.model_fields)
    assert settings.port == installation.ports[service]
    assert settings.identity_issuer == f"urn:tollgate:{service}-api"
    assert {scope for issuer in settings.trusted_issuers for scope in issuer.scopes or ()} <= set(
        SCOPES
    )


def test_a_service_logs_in_with_its_own_role_and_sees_no_administrative_url(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", ADMIN)

    environment = service_environment(installation, "metrics", ADMIN)

    assert "DATABASE_URL" not in environment
    url = urlsplit(environment["METRICS_DATABASE_URL"])
    assert (url.username, url.hostname, url.path) == ("tollgate_metrics", "127.0.0.1", "/tollgate")


def test_a_given_runtime_url_is_kept(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://given@elsewhere/db")

    environment = service_environment(installation, "catalog", ADMIN)

    assert environment["CATALOG_DATABASE_URL"] == "postgresql://given@elsewhere/db"


def test_a_variable_set_to_nothing_gives_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = service_environment(installation, "catalog", ADMIN)
    for name in ("CATALOG_DATABASE_URL", "CATALOG_PORT", "CATALOG_TRUSTED_ISSUERS"):
        monkeypatch.setenv(name, "")

    environment = service_environment(installation, "catalog", ADMIN)

    assert {name: environment[name] for name in built} == built


@pytest.mark.parametrize(
    ("sender", "receiver"), [("catalog", "metrics"), ("metrics", "improvement")]
)
def test_both_ends_of_the_events_share_a_secret_that_is_kept(
    installation: Installation, sender: str, receiver: str
) -> None:
    sending = service_environment(installation, sender, ADMIN)
    receiving = service_environment(installation, receiver, ADMIN)

    [subscriber] = json.loads(sending[f"{sender.upper()}_SUBSCRIBERS"])
    secret = receiving[f"{receiver.upper()}_{sender.upper()}_EVENT_SECRET"]
    assert subscriber["secret"] == secret
    assert subscriber["url"] == f"{installation.url(receiver)}/v1/events/{sender}"
    assert service_environment(installation, sender, ADMIN) == sending


def test_secrets_and_private_keys_are_for_their_owner_only(installation: Installation) -> None:
    installation.secrets()

    private = [
        installation.directory / "secrets.json",
        *(private_key(installation.identities, f"{name}-api") for name in SERVICES),
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_a_lost_public_key_file_is_written_again_from_the_same_key(
    installation: Installation,
) -> None:
    file = public_keys(installation.identities, "decisions")
    before = file.read_text()
    file.unlink()

    ensure_identities(installation.identities)

    assert file.read_text() == before
    assert '"d"' not in before


def test_damaged_secrets_are_not_replaced(installation: Installation) -> None:
    (installation.directory / "secrets.json").write_text("{")

    with pytest.raises(SetupError, match=r"secrets\.json is not readable JSON"):
        installation.secrets()


def test_a_port_used_twice_is_refused() -> None:
    with pytest.raises(SetupError, match="METRICS_PORT=8001"):
        service_ports({"METRICS_PORT": "8001"})
