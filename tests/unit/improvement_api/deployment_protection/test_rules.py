"""Whom GitHub's questions are believed of, where answers go, and what they say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.deployment_protection.rules import (
    LONGEST_COMMENT,
    LONGEST_PAUSE,
    PATIENCE,
    Answer,
    Shown,
    answer_of,
    comment_of,
    has_lapsed,
    is_callback,
    is_signed,
    pause_after,
    waits_for_signatures,
)
from improvement_api.settings import Settings
from shared.schemas.improvement import CriterionKind, Outcome, Verdict
from tests.support.github import signature

API = "https://api.github.com"
GOOD = f"{API}/repos/acme/shop/actions/runs/7/deployment_protection_rule"

# Without NUL: to HMAC, which pads with zeros, "0" and "0\0" are one key.
SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


def shown(outcome: str, kind: str = "automated", **fields: object) -> Shown:
    texts = {"title": "Quiet", "reason": "why", "required": True} | fields
    return Shown(kind=CriterionKind(kind), outcome=Outcome(outcome), **texts)  # type: ignore[arg-type]


class TestSignatures:
    def test_the_example_of_githubs_documentation_holds(self) -> None:
        sent = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

        assert is_signed(b"Hello, World!", sent, ["It's a Secret to Everybody"])

    @given(st.binary(), SECRETS, SECRETS)
    def test_either_of_two_secrets_signs_and_no_other(
        self, body: bytes, first: str, second: str
    ) -> None:
        for secret in (first, second):
            assert is_signed(body, signature(body, secret), [first, second])
        assert not is_signed(body, signature(body, first + second), [first, second])
        assert not is_signed(body + b" ", signature(body, first), [first, second])

    @pytest.mark.parametrize("sent", ["", "sha256=", "sha1=00", "ü", "sha256=" + "0" * 64])
    def test_what_is_none_is_refused_and_nothing_is_signed_without_a_secret(
        self, sent: str
    ) -> None:
        assert not is_signed(b"{}", sent, ["secret"])
        assert not is_signed(b"{}", signature(b"{}", ""), [])


class TestCallbacks:
    def test_a_run_of_the_repository_at_the_known_api_is_answered(self) -> None:
        assert is_callback(GOOD, API, "Acme/Shop")

    @pytest.mark.parametrize(
        "url",
        [
            GOOD.replace("https", "http"),
            GOOD.replace("api.github.com", "api.github.com.evil.example"),
            GOOD.replace("api.github.com", "api.github.com@evil.example"),
            GOOD.replace("acme/shop", "acme/other"),
            GOOD.replace("runs/7", "runs/../../../../user"),
            GOOD.replace("runs/7", "runs/7?x=1#"),
            GOOD + "/x",
            GOOD + "?redirect=http://169.254.169.254",
            GOOD + "\n",
            "http://169.254.169.254/latest/meta-data",
            "",
        ],
    )
    def test_nowhere_else_is_called(self, url: str) -> None:
        assert not is_callback(url, API, "acme/shop")

    @pytest.mark.parametrize("url", ["http://github.example", "ftp://127.0.0.1", "github", ""])
    def test_the_api_itself_must_be_secure(self, url: str) -> None:
        with pytest.raises(ValueError, match="https"):
            Settings(github_api_url=url)


def test_a_deployment_is_approved_only_on_what_its_rule_allows() -> None:
    strict = {verdict: answer_of(verdict, allow_warning=False) for verdict in Verdict}
    lenient = {verdict: answer_of(verdict, allow_warning=True) for verdict in Verdict}

    assert {v for v, a in strict.items() if a is Answer.APPROVED} == {Verdict.PASS}
    assert {v for v, a in lenient.items() if a is Answer.APPROVED} == {
        Verdict.PASS,
        Verdict.WARNING,
    }
    assert {v for v, a in strict.items() if a is None} == {Verdict.INCONCLUSIVE, Verdict.ERROR}


@pytest.mark.parametrize(
    ("criteria", "waits"),
    [
        ([shown("inconclusive", "sign_off"), shown("pass")], True),
        ([shown("inconclusive", "sign_off"), shown("error")], False),
        ([shown("inconclusive", "sign_off"), shown("inconclusive", "evidence")], False),
        ([shown("inconclusive", "sign_off"), shown("error", required=False)], True),
        ([shown("inconclusive", "sign_off", required=False)], False),
        ([shown("pass")], False),
    ],
)
def test_only_signatures_that_are_missing_are_waited_for(
    criteria: list[Shown], waits: bool
) -> None:
    assert waits_for_signatures(criteria) is waits


@given(st.integers(1, 10**9))
def test_looks_become_rarer_up_to_a_quarter_of_an_hour(attempts: int) -> None:
    assert timedelta(seconds=15) <= pause_after(attempts) <= pause_after(attempts + 1)
    assert pause_after(attempts) <= LONGEST_PAUSE


def test_after_thirty_days_nobody_waits_any_more() -> None:
    received = datetime(2026, 1, 1, tzinfo=UTC)

    assert not has_lapsed(received, received + PATIENCE - timedelta(seconds=1))
    assert has_lapsed(received, received + PATIENCE)


class TestComments:
    def test_tell_the_verdict_what_is_not_met_and_where_to_look(self) -> None:
        criteria = [shown("pass"), shown("fail", title="Few incidents", reason="9 are open")]

        comment = comment_of("Tollgate x for vpn: fail", criteria, "https://tollgate.example/1")

        assert comment == (
            "**Tollgate x for vpn: fail**\n\n- **Few incidents**: fail, 9 are open\n\n"
            "[The evaluation](https://tollgate.example/1)"
        )

    @given(st.lists(st.tuples(st.text(), st.text()), max_size=30), st.text())
    def test_of_whatever_criteria_fit_what_github_takes(
        self, texts: list[tuple[str, str]], headline: str
    ) -> None:
        criteria = [shown("fail", title=title, reason=reason) for title, reason in texts]

        assert len(comment_of(headline, criteria, "https://t.example/" + "x" * 50)) <= (
            LONGEST_COMMENT
        )

    def test_of_many_criteria_say_how_many_are_left_out(self) -> None:
        criteria = [shown("fail", reason="r" * 200) for _ in range(20)]

        comment = comment_of("h", criteria, "https://t.example/1")

        shown_lines = comment.count("Quiet")
        assert f"and {20 - shown_lines} more" in comment
        assert comment.endswith("(https://t.example/1)")

    def test_make_no_links_mentions_or_markup_of_peoples_texts(self) -> None:
        criteria = [shown("fail", title="[x](http://evil) @octocat\n# h", reason="<img src=x>")]

        comment = comment_of("h", criteria, None)

        assert "](http" not in comment.replace("\\](", "").replace("\\]\\(", "")
        assert "@octocat" not in comment
        assert "\n#" not in comment
        assert "\\<img" in comment
