"""`tollgate token` signs with the local issuer's key."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.scopes import SCOPES
from tollgate.app import run
from tollgate.exits import ExitCode


def claims_of(token: str, data_dir: Path) -> dict[str, object]:
    stored = json.loads((data_dir / "identity" / "local-issuer.jwk").read_text())
    return jwt.decode(token, OKPKey.import_key(stored), algorithms=["Ed25519"]).claims


def test_a_token_speaks_for_admin_with_every_scope(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token"]) is ExitCode.PASSED

    printed = capsys.readouterr()
    claims = claims_of(printed.out.strip(), data_dir)
    assert printed.err == ""
    assert claims["sub"] == "admin"
    assert claims["iss"] == "urn:tollgate:local"
    assert claims["aud"] == "tollgate"
    assert set(str(claims["scope"]).split()) == SCOPES.keys()
    assert int(str(claims["exp"])) > datetime.now(UTC).timestamp()


def test_a_token_can_be_narrowed(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["token", "--as", "ada", "--role", "board", "--scope", "gates:read"]

    run(asked)

    claims = claims_of(capsys.readouterr().out.strip(), data_dir)
    assert (claims["sub"], claims["roles"], claims["scope"]) == ("ada", ["board"], "gates:read")


@pytest.mark.parametrize(
    ("content", "advice"),
    [(None, "run `make up` first"), ("{}", "holds no JWK"), ("\x00", "cannot be used")],
)
def test_without_a_usable_key_one_line_says_what_to_do(
    data_dir: Path, capsys: pytest.CaptureFixture[str], content: str | None, advice: str
) -> None:
    key_file = data_dir / "identity" / "local-issuer.jwk"
    key_file.unlink()
    if content is not None:
        key_file.write_text(content)

    assert run(["token"]) is ExitCode.OTHER

    printed = capsys.readouterr()
    assert printed.out == ""
    assert advice in printed.err
    assert printed.err.count("\n") == 1


def test_an_unknown_scope_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "--scope", "everything"]) is ExitCode.OTHER
    assert "Unknown scope everything" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--as", "--role"])
@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a" * 201])
def test_nobody_gets_no_token(option: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", option, name]) is ExitCode.OTHER

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "1 to 200 printable characters" in printed.err
