"""The steps for CI systems, run as those run them against a real improvement-api over HTTP."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from shared.kit.settings import TrustedIssuer
from shared.kit.trust import TokenVerifier
from tests.support.ci import GATE, GITHUB, GITLAB, SCRIPT, SHELLS, Ended, Pipeline
from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement
from tests.support.processes import free_ports
from tests.support.reports import HOSTILE
from tests.support.serving import serving

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"


@pytest.fixture
async def pipeline(tollgate: Improvement, tmp_path: Path) -> AsyncIterator[Pipeline]:
    directory = tmp_path / "checkout"
    directory.mkdir()
    async with serving(tollgate.app) as url:
        yield Pipeline(tollgate, url, directory)


async def given(tollgate: Improvement, outcome: str) -> None:
    """A gate at which the service vpn has this verdict."""
    backlog = {"pass": 0, "warning": 2, "fail": 9, "inconclusive": 0, "error": 0}[outcome]
    criteria: list[dict[str, Any]] = [automated(warning="backlog_open <= 3.0")]
    if outcome == "inconclusive":
        criteria.append(sign_off("owner", "service_owner"))
    await tollgate.publish(GATE, criteria, warning_threshold=0.5)
    tollgate.fake.add_service("vpn", backlog_open=backlog)
    if outcome == "error":
        tollgate.fake.down.add("metrics")


def test_both_files_hold_the_script_as_it_stands_alone() -> None:
    assert {step for _, step in SHELLS.values()} == {SCRIPT}


def test_the_report_is_kept_also_when_the_gate_is_closed() -> None:
    upload = GITHUB["steps"][1]

    assert upload["uses"].startswith("actions/upload-artifact@")
    assert (upload["if"], upload["with"]["path"]) == ("${{ !cancelled() }}", "tollgate-junit.xml")
    artifacts = GITLAB["artifacts"]
    assert artifacts == {"when": "always", "reports": {"junit": "tollgate-junit.xml"}}


async def test_a_token_that_was_pasted_with_the_end_of_its_line_is_good(
    pipeline: Pipeline,
) -> None:
    await given(pipeline.tollgate, "pass")
    token = pipeline.tollgate.token("ci", scope="gates:read evaluations:write")

    ended = await pipeline.run(TOLLGATE_TOKEN=f"{token}\r\n")

    assert (ended.code, ended.errors) == (0, "")


@pytest.mark.parametrize("ci", SHELLS)
@pytest.mark.parametrize(
    ("outcome", "code", "shown"),
    [
        ("pass", 0, ["system-out"]),
        ("warning", 2, ["system-out"]),
        ("fail", 1, ["failure"]),
        ("inconclusive", 2, ["system-out", "failure"]),
        ("error", 3, ["error"]),
    ],
)
async def test_a_step_ends_as_the_verdict_says_and_leaves_the_report(
    pipeline: Pipeline, ci: str, outcome: str, code: int, shown: list[str]
) -> None:
    await given(pipeline.tollgate, outcome)

    ended = await pipeline.run(ci)

    assert ended.code == code, ended.errors
    assert ended.outcomes() == shown
    assert f"{GATE} for vpn: {outcome.upper()}" in ended.output
    assert f"### {GATE} for vpn: {outcome}" in ended.summary.read_text()


async def test_warnings_pass_where_they_are_allowed_and_nothing_else_does(
    pipeline: Pipeline,
) -> None:
    codes = {}
    for outcome in ("warning", "inconclusive", "fail"):
        await given(pipeline.tollgate, outcome)
        codes[outcome] = (await pipeline.run(TOLLGATE_ALLOW_WARNING="true")).code

    assert codes == {"warning": 0, "inconclusive": 2, "fail": 1}


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"TOLLGATE_URL": ""}, "set TOLLGATE_URL"),
        ({"TOLLGATE_TOKEN": ""}, "set the secret TOLLGATE_TOKEN"),
        ({"TOLLGATE_TOKEN": "forged"}, "it answered 401"),
        ({"TOLLGATE_SERVICE": "none"}, "it answered 404: There is no service none"),
        ({"TOLLGATE_GATE": "to-heaven"}, "it answered 404"),
        ({"TOLLGATE_URL": "unreachable"}, "cannot be reached"),
    ],
)
async def test_everything_else_is_3_with_a_line_that_says_why(
    pipeline: Pipeline, variables: dict[str, str], told: str
) -> None:
    if variables.get("TOLLGATE_URL"):
        variables = {"TOLLGATE_URL": f"http://127.0.0.1:{free_ports(1)[0]}"}

    ended = await pipeline.run(**variables)

    assert ended.code == 3
    assert ended.errors.splitlines()[-1].startswith("tollgate: ")
    assert told in ended.errors
    assert not ended.junit.exists()


@pytest.mark.parametrize("end", ["?", "#"])
async def test_a_key_leads_to_no_other_gate_whatever_is_in_it(pipeline: Pipeline, end: str) -> None:
    await given(pipeline.tollgate, "pass")
    elsewhere = f"vpn/gates/{GATE}/evaluations{end}"

    ended = await pipeline.run(TOLLGATE_SERVICE=elsewhere, TOLLGATE_GATE="to-retirement")

    assert ended.code == 3
    assert "it answered 404" in ended.errors


async def test_a_key_with_a_space_is_unknown_and_no_malformed_url(pipeline: Pipeline) -> None:
    ended = await pipeline.run(TOLLGATE_SERVICE="vpn [old]")

    assert (ended.code, "it answered 404" in ended.errors) == (3, True)


async def test_an_answer_of_something_else_is_no_pass(pipeline: Pipeline) -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b"<h1>pass</h1>"})

    async with serving(other) as url:
        ended = await pipeline.run(TOLLGATE_URL=url)

    assert ended.code == 3
    assert "the answer is no evaluation" in ended.errors


class TestAKeyInFlight:
    """The step's own earlier try ran out of time, and improvement-api is still at work on it."""

    def busy(self, pipeline: Pipeline, times: int) -> tuple[Any, list[bytes]]:
        """improvement-api that says so that often before it answers; the keys that it saw."""
        keys: list[bytes] = []
        problem = json.dumps({"code": "idempotency_key_in_flight", "detail": "still in flight"})

        async def app(scope: Any, receive: Any, send: Any) -> None:
            keys.extend(v for k, v in scope["headers"] if k == b"idempotency-key")
            if scope["method"] != "POST" or len(keys) > times:
                await pipeline.tollgate.app(scope, receive, send)
                return
            headers = [(b"retry-after", b"1"), (b"content-type", b"application/problem+json")]
            await send({"type": "http.response.start", "status": 409, "headers": headers})
            await send({"type": "http.response.body", "body": problem.encode()})

        return app, keys

    @pytest.mark.parametrize("ci", SHELLS)
    async def test_is_asked_for_again_until_its_answer_is_there(
        self, pipeline: Pipeline, ci: str
    ) -> None:
        await given(pipeline.tollgate, "pass")
        app, keys = self.busy(pipeline, times=2)

        began = time.monotonic()
        async with serving(app) as url:
            ended = await pipeline.run(ci, TOLLGATE_URL=url)

        assert (ended.code, ended.outcomes()) == (0, ["system-out"]), ended.errors
        assert (len(keys), len(set(keys))) == (3, 1)
        assert time.monotonic() - began >= 2  # Retry-After, twice

    async def test_is_given_up_when_patience_ends(self, pipeline: Pipeline) -> None:
        app, keys = self.busy(pipeline, times=99)

        async with serving(app) as url:
            ended = await pipeline.run(TOLLGATE_URL=url, TOLLGATE_PATIENCE="2")

        assert (ended.code, 2 <= len(keys) <= 3) == (3, True)
        assert "it answered 409: still in flight" in ended.errors

    async def test_another_409_is_not_waited_for(self, pipeline: Pipeline) -> None:
        asked: list[str] = []

        async def other(scope: Any, receive: Any, send: Any) -> None:
            asked.append(scope["path"])
            await send({"type": "http.response.start", "status": 409, "headers": []})
            await send({"type": "http.response.body", "body": b'{"code": "another"}'})

        async with serving(other) as url:
            ended = await pipeline.run(TOLLGATE_URL=url)

        assert (ended.code, len(asked)) == (3, 1)


async def test_texts_of_people_break_neither_the_summary_nor_the_report(
    pipeline: Pipeline,
) -> None:
    title = f"a | b\n# Approved `x` {HOSTILE}"
    await pipeline.tollgate.publish(GATE, [automated(title=title, how=title)])

    ended = await pipeline.run()

    row = ended.summary.read_text().splitlines()[-1]
    assert (ended.code, ended.outcomes()) == (1, ["failure"])
    assert row.count("|") == 5
    assert "<" not in row


async def test_the_summary_shows_comparisons_as_they_are(pipeline: Pipeline) -> None:
    compared = "backlog_open <= 3.0 || backlog_open > 9.0"
    await pipeline.tollgate.publish(GATE, [automated(expression=compared)])
    pipeline.tollgate.fake.add_service("vpn", backlog_open=1)

    ended = await pipeline.run()

    assert "backlog_open &lt;= 3.0 &#124;&#124; backlog_open &gt; 9.0" in ended.summary.read_text()


async def test_a_slash_at_the_end_of_the_url_is_no_other_path(pipeline: Pipeline) -> None:
    await given(pipeline.tollgate, "pass")

    assert (await pipeline.run(TOLLGATE_URL=f"{pipeline.url}/")).code == 0


async def test_no_token_is_seen_on_a_command_line_or_left_behind(pipeline: Pipeline) -> None:
    await given(pipeline.tollgate, "pass")

    ended = await pipeline.run(TMPDIR=str(pipeline.directory))

    left = {file.name for file in pipeline.directory.iterdir()}
    assert ended.code == 0
    assert left == {"step.sh", "summary.md", "tollgate-junit.xml"}
    assert "$token" not in "".join(line for line in SCRIPT.splitlines() if "curl " in line)


@pytest.mark.parametrize("ci", SHELLS)
async def test_a_job_that_is_cancelled_is_3_and_leaves_no_token_behind(
    pipeline: Pipeline, tmp_path: Path, ci: str
) -> None:
    temporary, asked = tmp_path / "temporary", asyncio.Event()
    temporary.mkdir()
    server = await asyncio.start_server(lambda *_: asked.set(), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    step = await pipeline.start(ci, TOLLGATE_URL=url, TMPDIR=str(temporary))
    await asyncio.wait_for(asked.wait(), 20)
    os.killpg(step.pid, signal.SIGTERM)
    _, errors = await asyncio.wait_for(step.communicate(), 20)
    server.close()

    assert (step.returncode, list(temporary.iterdir())) == (3, [])
    assert b"tollgate: interrupted" in errors


class TestGithubAsAnIssuer:
    """A job without a secret: GitHub says who it is, and improvement-api trusts one owner's."""

    @pytest.fixture
    async def identity(self, pipeline: Pipeline, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
        """GitHub's token endpoint; the claims that it signs can be changed."""
        await given(pipeline.tollgate, "pass")  # while the test's own issuer is still trusted
        key = RSAKey.generate_key(2048, {"kid": "github"}, private=True)
        keys = tmp_path / "github.jwks.json"
        keys.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
        issuer = TrustedIssuer(
            issuer=GITHUB_ISSUER,
            jwks=str(keys),
            claims={"repository_owner_id": "4711"},
            scopes=frozenset({"gates:read", "evaluations:write"}),
        )
        pipeline.tollgate.app.state.token_verifier = TokenVerifier([issuer], "tollgate")
        claims = {
            "iss": GITHUB_ISSUER,
            "sub": "repo:acme/shop:environment:production",
            "repository": "acme/shop",
            "repository_owner_id": "4711",
        }

        async def github(scope: Any, receive: Any, send: Any) -> None:
            query = dict(part.split("=") for part in scope["query_string"].decode().split("&"))
            asked = dict(scope["headers"])[b"authorization"] == b"Bearer of-this-job"
            stamps = {"iat": int(time.time()), "exp": int(time.time()) + 300}
            signed = jwt.encode(
                {"alg": "RS256", "kid": "github", "typ": "JWT"},
                claims | stamps | {"aud": query["audience"]},
                key,
            )
            body = json.dumps({"value": signed}).encode()
            status = 200 if asked else 401
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": body})

        async with serving(github) as url:
            yield {"claims": claims, "url": f"{url}/token?api-version=2.0"}

    async def run(
        self, pipeline: Pipeline, identity: dict[str, Any], job: str = "of-this-job"
    ) -> Ended:
        return await pipeline.run(
            TOLLGATE_TOKEN="",
            ACTIONS_ID_TOKEN_REQUEST_URL=identity["url"],
            ACTIONS_ID_TOKEN_REQUEST_TOKEN=job,
        )

    async def test_a_job_of_the_owner_needs_no_secret(
        self, pipeline: Pipeline, identity: dict[str, Any]
    ) -> None:
        ended = await self.run(pipeline, identity)

        assert ended.code == 0, ended.errors

    async def test_a_job_of_somebody_else_is_refused(
        self, pipeline: Pipeline, identity: dict[str, Any]
    ) -> None:
        identity["claims"]["repository_owner_id"] = "1"

        ended = await self.run(pipeline, identity)

        assert (ended.code, "it answered 401" in ended.errors) == (3, True)

    async def test_a_job_that_may_have_no_token_is_told_which_permission_it_lacks(
        self, pipeline: Pipeline, identity: dict[str, Any]
    ) -> None:
        ended = await self.run(pipeline, identity, job="of-another-job")

        assert (ended.code, "id-token: write" in ended.errors) == (3, True)
