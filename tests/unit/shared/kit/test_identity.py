"""The identity of a service: signed by itself, or given for client credentials."""

import base64
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from shared.errors import Unavailable
from shared.kit.identity import TokenProvider
from tests.support.plumbing import PlumbingSettings, make_key


class TokenEndpoint:
    """Gives out token-1, token-2... for the right client."""

    def __init__(self, expires_in: int) -> None:
        self.expires_in = expires_in
        self.given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        expected = base64.b64encode(b"me:s3cret").decode()
        if request.headers["Authorization"] != f"Basic {expected}":
            return httpx.Response(401, json={"error": "invalid_client"})
        assert b"grant_type=client_credentials" in request.content
        self.given += 1
        token = {"access_token": f"token-{self.given}", "expires_in": self.expires_in}
        return httpx.Response(200, json=token)


def provider(endpoint: TokenEndpoint, secret: str = "s3cret") -> TokenProvider:
    settings = PlumbingSettings(
        token_url="https://issuer.example/token", client_id="me", client_secret=SecretStr(secret)
    )
    return TokenProvider(settings, transport=httpx.MockTransport(endpoint))


async def test_an_own_token_is_signed_once_and_then_reused(tmp_path: Path) -> None:
    own = TokenProvider(PlumbingSettings(identity_key_file=make_key(tmp_path, "plumbing-api")))

    assert await own.token() == await own.token()


async def test_client_credentials_are_exchanged_once_while_the_token_lasts() -> None:
    endpoint = TokenEndpoint(expires_in=600)
    given = provider(endpoint)

    assert [await given.token(), await given.token()] == ["token-1", "token-1"]


async def test_a_token_is_renewed_before_it_expires() -> None:
    given = provider(TokenEndpoint(expires_in=0))

    assert [await given.token(), await given.token()] == ["token-1", "token-2"]


async def test_refused_credentials_make_the_call_unavailable() -> None:
    with pytest.raises(Unavailable):
        await provider(TokenEndpoint(600), secret="wrong").token()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kty":"oct","k":"AA"}', '{"kty":"OKP"}'])
async def test_a_key_file_without_a_private_key_makes_the_call_unavailable(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "key.jwk").write_text(text)

    with pytest.raises(Unavailable):
        await TokenProvider(PlumbingSettings(identity_key_file=tmp_path / "key.jwk")).token()
