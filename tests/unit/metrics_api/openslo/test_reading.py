"""What OpenSLO documents are refused for, each with its place."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.openslo.documents import Kind
from metrics_api.openslo.plan import plan_of
from metrics_api.openslo.reading import documents_of
from metrics_api.openslo.rules import without_secrets
from metrics_api.openslo.yaml_text import TEXT_LIMIT, objects_of
from shared.errors import BadRequest, Invalid, TooLarge

SLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  service: Web Shop
  indicatorRef: latency
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""
POLICY = "  alertPolicies: [{alertPolicyRef: gone}]\n"
SERVICES = {"Web Shop": "web-shop"}


def refused(text: str, slis: Sequence[str] = ()) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        plan_of(documents_of(objects_of(text)), SERVICES.get, dict.fromkeys(slis, "web-shop"))
    return [(error.pointer, error.code) for error in refusal.value.errors]


def test_a_service_is_found_by_what_the_catalog_calls_it() -> None:
    plan = plan_of(documents_of(objects_of(SLO)), SERVICES.get, {"latency": "web-shop"})

    assert plan.slos[0].body.service == "web-shop"


def test_an_unknown_field_is_refused_where_it_stands() -> None:
    text = SLO.replace("target: 0.99", "target: 0.99, taget: 1")

    assert refused(text, ["latency"]) == [("/0/spec/objectives/0/taget", "invalid")]


def test_every_bad_object_of_a_list_is_named() -> None:
    service = "{apiVersion: openslo/v1, kind: Service, metadata: {name: a b}, spec: {markdown: x}}"

    places = [place for place, _ in refused(f"[{service}, 7]")]

    assert places == ["/0/metadata/name", "/0/spec/markdown", "/1"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SLO.replace("openslo/v1", "openslo/v1alpha"), "/0/apiVersion"),
        (SLO.replace("kind: SLO", "kind: SLOO"), "/0/kind"),
        (SLO.replace("target: 0.99", "target: 1"), "/0/spec/objectives/0/target"),
        (SLO.replace("target: 0.99", "target: 0.9, targetPercent: 90"), "/0/spec/objectives/0"),
        (SLO.replace("isRolling: true", "isRolling: false"), "/0/spec/timeWindow/0/calendar"),
        (SLO.replace("Web Shop", "Nobody"), "/0/spec/service"),
        (SLO.replace("latency", "absent"), "/0/spec/indicatorRef"),
        (
            SLO + "  alertPolicies: [{alertPolicyRef: gone}]\n",
            "/0/spec/alertPolicies/0/alertPolicyRef",
        ),
        (SLO + "---" + SLO, "/1/metadata/name"),
        ("--- {}", "/0/apiVersion"),
        ("", ""),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_place(text: str, place: str) -> None:
    assert [found for found, _ in refused(text, ["latency"])] == [place]


def test_what_v2alpha_calls_otherwise_is_understood() -> None:
    text = SLO.replace("openslo/v1", "openslo.com/v2alpha").replace("indicatorRef", "sliRef")

    plan = plan_of(documents_of(objects_of(text)), SERVICES.get, {"latency": "web-shop"})

    assert plan.slos[0].body.sli == "latency"


def test_a_service_is_the_catalogs_and_changes_nothing() -> None:
    text = "{apiVersion: openslo/v1, kind: Service, metadata: {name: web}, spec: {}}"

    plan = plan_of(documents_of(objects_of(text)), SERVICES.get, {})

    assert [(one.kind, reason[:28]) for one, reason in plan.ignored] == [
        (Kind.SERVICE, "services belong to the catal")
    ]


@pytest.mark.parametrize(
    "text",
    ["a: [1", "a: &x [1]\nb: *x", "a: 1\na: 2", "!!python/object/apply:os.system [x]", "a: \x01"],
)
def test_what_is_no_plain_yaml_is_a_bad_request(text: str) -> None:
    with pytest.raises(BadRequest):
        objects_of(text)


def test_documents_are_bounded() -> None:
    with pytest.raises(TooLarge):
        objects_of("x" * (TEXT_LIMIT + 1))


@given(st.text(max_size=200) | st.recursive(st.none() | st.text(max_size=5), st.lists).map(str))
def test_no_nonsense_fails_otherwise_than_with_a_problem(text: str) -> None:
    with pytest.raises((BadRequest, Invalid, TooLarge)):
        documents_of(objects_of(text))


def test_what_looks_like_a_secret_is_not_kept() -> None:
    details = {"url": "https://prom", "apiKey": "x", "tls": {"password": "y", "ca": "z"}}

    assert without_secrets(details) == {"url": "https://prom", "tls": {"ca": "z"}}
