"""Bearer tokens: what is believed, and what is not."""

import base64
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from shared.errors import Unauthorized, Unavailable
from shared.kit.settings import TrustedIssuer
from shared.kit.trust import TokenVerifier
from tests.support.plumbing import publish

ISSUER = "https://issuer.example"


class Issuer:
    """An issuer whose keys lie in a file."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "jwks.json"
        self.rotate()

    def rotate(self) -> None:
        self.key = OKPKey.generate_key("Ed25519", auto_kid=True)
        publish(self.file, [self.key])
        # Two writes within one tick of the file system's clock would look like one.
        os.utime(self.file, ns=(time.time_ns(), time.time_ns()))

    def sign(self, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        key = key or self.key
        now = int(time.time())
        body = {"iss": ISSUER, "sub": "alice", "aud": "tollgate", "iat": now, "exp": now + 60}
        body = {name: value for name, value in {**body, **claims}.items() if value is not None}
        head = {"alg": "Ed25519", "kid": key.kid, **(header or {})}
        return jws.serialize_compact(head, json.dumps(body), key, algorithms=[head["alg"]])

    def verifier(self, **limits: Any) -> TokenVerifier:
        return TokenVerifier(
            [TrustedIssuer(issuer=ISSUER, jwks=str(self.file), **limits)], "tollgate"
        )


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture(autouse=True)
def files_are_always_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.kit.trust.FILE_CHECK_INTERVAL_SECONDS", 0)


async def refusal(verifier: TokenVerifier, token: str) -> Unauthorized:
    with pytest.raises(Unauthorized) as caught:
        await verifier.verify(token)
    assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]
    return caught.value


async def test_a_valid_token_tells_who_calls_and_what_they_may(issuer: Issuer) -> None:
    token = issuer.sign(scope="catalog:read metrics:read", roles=["service_owner"])

    bearer = await issuer.verifier().verify(token)

    assert bearer.subject == "alice"
    assert bearer.scopes == {"catalog:read", "metrics:read"}
    assert bearer.roles == {"service_owner"}
    assert not bearer.is_service


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
async def test_every_allowed_algorithm_is_verified(issuer: Issuer, algorithm: str) -> None:
    keys: dict[str, Callable[[], Any]] = {
        "RS256": lambda: RSAKey.generate_key(2048, auto_kid=True),
        "PS256": lambda: RSAKey.generate_key(2048, auto_kid=True),
        "ES256": lambda: ECKey.generate_key("P-256", auto_kid=True),
    }
    key = keys.get(algorithm, lambda: issuer.key)()
    publish(issuer.file, [key])

    bearer = await issuer.verifier().verify(issuer.sign(key, {"alg": algorithm}))

    assert bearer.subject == "alice"


async def test_a_token_signed_with_another_key_is_refused(issuer: Issuer) -> None:
    stranger = OKPKey.generate_key("Ed25519", {"kid": str(issuer.key.kid)})

    await refusal(issuer.verifier(), issuer.sign(stranger))


async def test_a_changed_payload_is_refused(issuer: Issuer) -> None:
    head, body, signature = issuer.sign(scope="catalog:read").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "root"}).encode())

    await refusal(issuer.verifier(), f"{head}.{forged.decode().rstrip('=')}.{signature}")


async def test_an_unsigned_token_is_refused(issuer: Issuer) -> None:
    _, body, _ = issuer.sign().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")

    await refusal(issuer.verifier(), f"{head}.{body}.")


async def test_the_public_key_is_no_hmac_secret(issuer: Issuer) -> None:
    published = issuer.key.as_dict(private=False)["x"]
    secret = OctKey.import_key(str(published), {"kid": str(issuer.key.kid)})

    await refusal(issuer.verifier(), issuer.sign(secret, {"alg": "HS256"}))


class From(int):
    """Seconds from the moment the test runs, not from the one it was collected at."""


def stamped(claims: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {
        name: now + value if isinstance(value, From) else value for name, value in claims.items()
    }


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": From(-31)},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"nbf": From(86_400)},
        {"iat": From(86_400)},
        {"aud": "another"},
        {"aud": ["another", "more"]},
        {"aud": None},
        {"iss": "https://stranger.example"},
        {"iss": None},
        {"iss": ["https://issuer.example"]},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\x00b"},
        {"sub": "\ud800"},
        {"sub": "x" * 201},
        {"sub": 7},
    ],
    ids=str,
)
async def test_claims_that_do_not_hold_are_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    await refusal(issuer.verifier(), issuer.sign(**stamped(claims)))


async def test_clocks_may_differ_by_half_a_minute(issuer: Issuer) -> None:
    late = issuer.sign(exp=int(time.time()) - 20)

    assert (await issuer.verifier().verify(late)).subject == "alice"


async def test_one_audience_of_several_may_be_us(issuer: Issuer) -> None:
    assert await issuer.verifier().verify(issuer.sign(aud=["another", "tollgate"]))


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b.c", "a.b.c.d.e", "...", "é.é.é", "eyJhbGciOiJFZDI1NTE5In0.W10.AA"],
)
async def test_rubbish_is_refused(issuer: Issuer, text: str) -> None:
    await refusal(issuer.verifier(), text)


async def test_deeply_nested_claims_are_refused(issuer: Issuer) -> None:
    head, _, signature = issuer.sign().split(".")
    deep = base64.urlsafe_b64encode(b"[" * 20_000).decode().rstrip("=")

    await refusal(issuer.verifier(), f"{head}.{deep}.{signature}")


async def test_a_signed_statement_of_another_type_is_no_access_token(issuer: Issuer) -> None:
    decision = issuer.sign(header={"typ": "tollgate-decision+jwt"})

    await refusal(issuer.verifier(), decision)


async def test_a_pinned_issuer_speaks_for_its_subject_only(issuer: Issuer) -> None:
    verifier = issuer.verifier(subject="metrics-api")

    assert (await verifier.verify(issuer.sign(sub="metrics-api"))).is_service
    await refusal(verifier, issuer.sign(sub="alice"))


async def test_scopes_are_capped_to_what_the_issuer_may_grant(issuer: Issuer) -> None:
    verifier = issuer.verifier(scopes={"metrics:read"})

    bearer = await verifier.verify(issuer.sign(scope="metrics:read catalog:write"))

    assert bearer.scopes == {"metrics:read"}


async def test_a_service_that_names_no_scope_has_what_it_was_granted(issuer: Issuer) -> None:
    verifier = issuer.verifier(subject="metrics-api", scopes={"catalog:read"})

    bearer = await verifier.verify(issuer.sign(sub="metrics-api", roles=["change_manager"]))

    assert bearer.scopes == {"catalog:read"}
    assert bearer.roles == frozenset()


async def test_a_token_without_scopes_of_an_issuer_without_cap_may_nothing(issuer: Issuer) -> None:
    assert (await issuer.verifier().verify(issuer.sign())).scopes == frozenset()


async def test_a_replaced_key_file_is_read_and_the_old_key_stops_counting(issuer: Issuer) -> None:
    verifier, old = issuer.verifier(), issuer.sign()
    await verifier.verify(old)

    issuer.rotate()

    assert await verifier.verify(issuer.sign())
    await refusal(verifier, old)


async def test_a_key_file_that_is_missing_at_first_makes_the_service_unavailable(
    issuer: Issuer,
) -> None:
    token, keys = issuer.sign(), issuer.file.read_bytes()
    issuer.file.unlink()
    verifier = issuer.verifier()
    with pytest.raises(Unavailable):
        await verifier.verify(token)

    issuer.file.write_bytes(keys)

    assert await verifier.verify(token)


class RemoteKeys:
    """A JWKS endpoint: counts its requests, and can be down."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.requests = 0
        self.down = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.down:
            raise httpx.ConnectError("down", request=request)
        return httpx.Response(200, content=self.issuer.file.read_bytes())

    def verifier(self) -> TokenVerifier:
        trusted = TrustedIssuer(issuer=ISSUER, jwks="https://issuer.example/jwks")
        return TokenVerifier([trusted], "tollgate", transport=httpx.MockTransport(self))


async def test_keys_of_a_url_are_fetched_once(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer)
    verifier = keys.verifier()

    for number in range(5):
        await verifier.verify(issuer.sign(jti=str(number)))

    assert keys.requests == 1


async def test_an_unknown_key_id_fetches_again_but_not_for_every_token(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = RemoteKeys(issuer)
    verifier = keys.verifier()
    await verifier.verify(issuer.sign())
    issuer.rotate()
    for _ in range(5):
        await refusal(verifier, issuer.sign())
    assert keys.requests == 1

    monkeypatch.setattr("shared.kit.trust.REFETCH_INTERVAL_SECONDS", 0)

    assert await verifier.verify(issuer.sign())
    assert keys.requests == 2


async def test_an_issuer_that_cannot_be_reached_is_a_503_only_while_it_has_no_key(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kit.trust.REFETCH_INTERVAL_SECONDS", 0)
    monkeypatch.setattr("shared.kit.trust.KEYS_MAX_AGE_SECONDS", 0)
    keys = RemoteKeys(issuer)
    keys.down = True
    verifier = keys.verifier()
    with pytest.raises(Unavailable) as caught:
        await verifier.verify(issuer.sign())
    assert caught.value.headers["Retry-After"]

    keys.down = False
    assert await verifier.verify(issuer.sign(jti="first"))
    keys.down = True

    assert await verifier.verify(issuer.sign(jti="second"))


async def test_a_verified_token_is_remembered_until_it_expires(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier, token = issuer.verifier(), issuer.sign()
    first = await verifier.verify(token)
    assert await verifier.verify(token) is first

    later = time.time() + 91
    monkeypatch.setattr("shared.kit.trust.time.time", lambda: later)

    await refusal(verifier, token)


@pytest.mark.parametrize("owner", ["1", "", 4711, None, ["4711"]])
async def test_an_issuer_narrowed_by_claims_speaks_only_for_those_who_have_them(
    issuer: Issuer, owner: Any
) -> None:
    verifier = issuer.verifier(claims={"owner_id": "4711"}, scopes={"gates:read"})

    accepted = await verifier.verify(issuer.sign(owner_id="4711"))
    refused = await refusal(verifier, issuer.sign(owner_id=owner))

    assert accepted.scopes == {"gates:read"}
    assert "lacks a claim" in refused.detail
