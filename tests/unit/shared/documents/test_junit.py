"""An evaluation as JUnit XML."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from shared.documents.junit import junit_xml
from shared.schemas.improvement import EvaluationOut
from tests.unit.tollgate.evaluations import make_criterion, make_evaluation

GOLDEN = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="operate-to-improve printing" tests="6" failures="2" errors="1" skipped="1" \
time="0" timestamp="2026-03-01T08:30:00+00:00">
  <properties>
    <property name="evaluation" value="0190a8f0-0000-7000-8000-000000000001" />
    <property name="verdict" value="fail" />
    <property name="score" value="0.5" />
    <property name="standing" value="open" />
    <property name="gate_version" value="3" />
  </properties>
  <testcase classname="operate-to-improve.printing" name="a" time="0">
    <system-out>pass: holds</system-out>
  </testcase>
  <testcase classname="operate-to-improve.printing" name="b" time="0">
    <system-out>warning: waived until May</system-out>
  </testcase>
  <testcase classname="operate-to-improve.printing" name="c" time="0">
    <failure message="5 &gt; 4 &amp; &quot;late&quot;" type="fail">Criterion c
required, weight 2
to do: Satisfy c
mttr_hours = 5.2
mttr_target = no value: no target</failure>
  </testcase>
  <testcase classname="operate-to-improve.printing" name="d" time="0">
    <failure message="no value" type="inconclusive">Criterion d
required, weight 1
to do: Satisfy d</failure>
  </testcase>
  <testcase classname="operate-to-improve.printing" name="e" time="0">
    <error message="metrics-api is down" type="error">Criterion e
required, weight 1
to do: Satisfy e</error>
  </testcase>
  <testcase classname="operate-to-improve.printing" name="f" time="0">
    <skipped message="no data yet">Criterion f
advisory, weight 1
to do: Satisfy f</skipped>
  </testcase>
</testsuite>
"""


def as_junit(**changes: object) -> str:
    return junit_xml(EvaluationOut.model_validate(make_evaluation(**changes)))


def test_each_criterion_is_one_test_case() -> None:
    as_of = "2026-03-01T08:00:00Z"
    facts = {
        "mttr_hours": {"value": 5.2, "as_of": as_of, "reason": None},
        "mttr_target": {"value": None, "as_of": as_of, "reason": "no target"},
    }
    criteria = [
        make_criterion("a", "pass", "holds"),
        make_criterion("b", "warning", "waived until May"),
        make_criterion("c", "fail", '5 > 4 & "late"', weight=2, facts=facts),
        make_criterion("d", "inconclusive", "no value"),
        make_criterion("e", "error", "metrics-api is down"),
        make_criterion("f", "skip", "no data yet", required=False),
    ]

    assert as_junit(verdict="fail", criteria=criteria) == GOLDEN


@given(st.text())
def test_whatever_a_reason_holds_the_document_is_well_formed(reason: str) -> None:
    document = as_junit(criteria=[make_criterion("a", "fail", reason)])

    assert len(list(ElementTree.fromstring(document).iter("testcase"))) == 1


# What Jenkins' junit-10.xsd lets stand in each element: attributes demanded, attributes allowed,
# children in their order.
SHAPES: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuite": (
        {"name", "tests"},
        {"failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": (
        {"name", "classname", "time"},
        {"assertions", "status"},
        ["skipped", "error", "failure", "system-out", "system-err"],
    ),
    "failure": (set(), {"message", "type"}, []),
    "error": (set(), {"message", "type"}, []),
    "skipped": (set(), {"message"}, []),
    "system-out": (set(), set(), []),
}


def check_shape(element: ElementTree.Element) -> None:
    demanded, allowed, children = SHAPES[element.tag]
    assert demanded <= set(element.keys()) <= demanded | allowed
    places = [children.index(child.tag) for child in element]
    assert places == sorted(places)
    for child in element:
        check_shape(child)


@given(st.lists(st.sampled_from(["pass", "warning", "fail", "inconclusive", "error", "skip"])))
def test_it_has_the_shape_that_ci_systems_read_and_counts_that_add_up(outcomes: list[str]) -> None:
    criteria = [make_criterion(f"c{n}", outcome, "why") for n, outcome in enumerate(outcomes)]

    suite = ElementTree.fromstring(as_junit(criteria=criteria))

    check_shape(suite)
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped",) * 2):
        assert int(suite.attrib[attribute]) == len(suite.findall(f"testcase/{element}"))
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) == len(outcomes)
