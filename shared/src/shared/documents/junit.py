"""An evaluation as JUnit XML: one test case a criterion."""

import json
from xml.etree import ElementTree

from shared.documents.xml_texts import as_text, xml_text
from shared.schemas.common import FactValue
from shared.schemas.improvement import CriterionResult, EvaluationOut, Outcome

_ELEMENT = {
    Outcome.FAIL: "failure",
    Outcome.INCONCLUSIVE: "failure",  # not shown to hold, so no green test
    Outcome.ERROR: "error",
    Outcome.SKIP: "skipped",
}


def junit_xml(evaluation: EvaluationOut) -> str:
    """A `testsuite` named for gate and service; a `warning` passes and is told in system-out.

    The elements and attributes are those of Jenkins' junit-10.xsd, which GitLab, GitHub's report
    actions and Azure read too; `time` is demanded by the stricter readers and means nothing here.
    """
    elements = [_ELEMENT.get(criterion.outcome) for criterion in evaluation.criteria]
    suite = ElementTree.Element(
        "testsuite",
        name=xml_text(f"{evaluation.gate} {evaluation.service}"),
        tests=str(len(elements)),
        failures=str(elements.count("failure")),
        errors=str(elements.count("error")),
        skipped=str(elements.count("skipped")),
        time="0",
        timestamp=evaluation.evaluated_at.isoformat(),
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in {
        "evaluation": evaluation.id,
        "verdict": evaluation.verdict.value,
        "score": "" if evaluation.score is None else str(evaluation.score),
        "standing": evaluation.standing.value,
        "gate_version": str(evaluation.gate_version),
    }.items():
        ElementTree.SubElement(properties, "property", name=name, value=xml_text(value))
    for criterion in evaluation.criteria:
        _add_case(suite, criterion, f"{evaluation.gate}.{evaluation.service}")
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + as_text(suite) + "\n"


def _add_case(suite: ElementTree.Element, criterion: CriterionResult, classname: str) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=xml_text(classname), name=xml_text(criterion.id), time="0"
    )
    reason = xml_text(criterion.reason)
    element = _ELEMENT.get(criterion.outcome)
    if element is None:
        ElementTree.SubElement(case, "system-out").text = f"{criterion.outcome.value}: {reason}"
        return
    kind = {} if element == "skipped" else {"type": criterion.outcome.value}
    need = "required" if criterion.required else "advisory"
    lines = [criterion.title, f"{need}, weight {criterion.weight:g}", f"to do: {criterion.how}"]
    lines += [f"{name} = {_seen(fact)}" for name, fact in criterion.facts.items()]
    detail = ElementTree.SubElement(case, element, {"message": reason, **kind})
    detail.text = xml_text("\n".join(lines))


def _seen(fact: FactValue) -> str:
    return f"no value: {fact.reason}" if fact.value is None else json.dumps(fact.value)
