"""CEL expressions: what can be saved, what is refused and where, and that cost is bounded."""

import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.facts.expressions import (
    MACROS,
    MAX_BYTES,
    MAX_NESTING,
    MAX_SUMS,
    MAX_TOKENS,
    EvaluationError,
    ExpressionError,
    check,
    evaluate,
)
from improvement_api.facts.rules import LONGEST_ITEM, LONGEST_LIST, LONGEST_TEXT, FactType

FACTS = {
    "mttr": FactType.NUMBER,
    "backlog": FactType.INTEGER,
    "owned": FactType.BOOLEAN,
    "stage": FactType.STRING,
    "tags": FactType.LIST,
}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("mttr <= 5.0", ["mttr"]),
        ("mttr <= 5 && owned", ["mttr", "owned"]),
        ("backlog + 1.0 > 3.0 || !owned", ["backlog", "owned"]),
        ("'vip' in tags", ["tags"]),
        ("size(tags) > 0 && tags.size() < 9", ["tags"]),
        ("stage in ['operate', \"improve\"]", ["stage"]),
        ("stage.startsWith('op') ? mttr < 1.0 : true", ["mttr", "stage"]),
        ("tags[0] == 'vip'", ["tags"]),
        ("1 / int(mttr) > 0", ["mttr"]),
        ("owned // because it must be", ["owned"]),
        ("stage == 'exists(all)'", ["stage"]),
        ("mttr < 1e3 && mttr > .5", ["mttr"]),
        ("backlog == mttr || backlog != 0", ["backlog", "mttr"]),
        ("stage in tags == true", ["stage", "tags"]),
        ("mttr < backlog == owned", ["backlog", "mttr", "owned"]),
        ("owned == stage.contains('op')", ["owned", "stage"]),
        ("stage != null && stage + stage == 'a'", ["stage"]),
    ],
)
def test_an_expression_over_known_facts_is_accepted(source: str, names: list[str]) -> None:
    assert check(source, FACTS) == names


@pytest.mark.parametrize(
    ("source", "line", "column", "reason"),
    [
        ("nope <= 5.0", 1, 1, "nope is not in the fact catalog"),
        ("owned &&\n  nope", 2, 3, "nope is not in the fact catalog"),
        ("owned &&", 1, 9, "Syntax error"),
        ("owned\n  = true", 2, 3, "= is not understood"),
        ("matches(stage, 'a')", 1, 1, "no function matches()"),
        ("owned && foo(1)", 1, 10, "no function foo()"),
        ("mttr.value > 1.0", 1, 6, "facts have no fields"),
        ("{'a': 1} == 1", 1, 1, "{ is not understood"),
        ("`mttr` > 1.0", 1, 1, "` is not understood"),
        ("owned\x00", 1, 6, r"\x00 is not understood"),
        ("owned \ud800", 1, 7, r"\ud800 is not understood"),
        ("'''a''' == stage", 1, 1, "triple quotes"),
        ("r'a' == stage", 1, 1, "r is not in the fact catalog"),
        ("'never ends", 1, 1, "' is not understood"),
        ("", 1, 1, "Syntax error"),
        ("99999999999999999999 > 1", 1, 1, "invalid int literal"),
        ("owned != 'yes'", 1, 1, "a boolean and a string are never equal"),
        ("mttr < 5.0 && (\n  'op' == backlog)", 2, 3, "a string and a number are never equal"),
        ("tags == stage || owned", 1, 1, "a list and a string are never equal"),
        ("true != mttr ? owned : !owned", 1, 1, "a boolean and a number are never equal"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    source: str, line: int, column: int, reason: str
) -> None:
    with pytest.raises(ExpressionError) as refused:
        check(source, FACTS)

    assert (refused.value.line, refused.value.column) == (line, column)
    assert reason in str(refused.value)


@pytest.mark.parametrize("macro", sorted(MACROS))
def test_no_macro_gets_through(macro: str) -> None:
    for source in (f"tags.{macro}(x, x == 'a')", f"{macro}(tags)", f"tags . {macro} (x, owned)"):
        with pytest.raises(ExpressionError, match="macro"):
            check(source, FACTS)


@pytest.mark.parametrize(
    "source",
    [
        r"r'\' || tags.exists(x, x == 'a')",
        "'''a' ''' == stage || tags.exists(x, x == 'a') || ''==''",
        "'a\\' || tags.exists(x, x == 'a')",
        "tags./**/exists(x, true)",
    ],
)
def test_a_macro_cannot_hide_in_a_text(source: str) -> None:
    with pytest.raises(ExpressionError):
        check(source, FACTS)


@pytest.mark.parametrize(
    "source", ["mttr", "stage", "tags", "null", "1", "owned ? 1.0 : 2.0", "backlog + 1.0"]
)
def test_the_result_must_be_true_or_false(source: str) -> None:
    with pytest.raises(ExpressionError, match="must be true or false"):
        check(source, FACTS)


def test_an_operation_between_types_is_refused_with_a_hint() -> None:
    with pytest.raises(ExpressionError, match=r"write 1\.0, not 1"):
        check("backlog + 1 > 3", FACTS)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (f"stage == '{'x' * MAX_BYTES}'", f"at most {MAX_BYTES} bytes"),
        (f"stage == '{'é' * (MAX_BYTES // 2)}'", f"at most {MAX_BYTES} bytes"),
        ("(" * (MAX_NESTING + 1) + "owned" + ")" * (MAX_NESTING + 1), "nested deeper"),
        ("[" * 200 + "]" * 200, "nested deeper"),
        ("owned" + "&&true" * (MAX_TOKENS // 2), "more than"),
        ("!" * (MAX_TOKENS + 1) + "owned", "more than"),
        ("+".join(["tags"] * (MAX_SUMS + 2)) + " == tags", "additions"),
    ],
)
def test_what_is_too_big_is_refused(source: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        check(source, FACTS)


@given(st.text(max_size=300))
def test_no_text_does_anything_but_pass_or_be_refused(source: str) -> None:
    with suppress(ExpressionError):
        check(source, FACTS)


SIGNS = ["(", ")", "[", "]", "&&", "||", "!", "-", "+", "?", ":", ",", ".", "==", "<", "/", "%"]
WORDS = ["'a'", "1.0", "1", "size", "in", "true", "null", "exists", "map", "int"]


@given(st.lists(st.sampled_from([*FACTS, *SIGNS, *WORDS]), max_size=30).map(" ".join))
def test_an_accepted_expression_gives_true_or_false_or_one_kind_of_error(source: str) -> None:
    try:
        names = check(source, FACTS)
    except ExpressionError:
        return
    values = {"mttr": 2.0, "backlog": 0.0, "owned": True, "stage": "operate", "tags": ["a"]}
    with suppress(EvaluationError):
        assert isinstance(evaluate(source, {name: values[name] for name in names}), bool)


def test_a_missing_or_mistyped_value_is_an_evaluation_error() -> None:
    for values in ({}, {"mttr": None}, {"mttr": "fast"}):
        with pytest.raises(EvaluationError):
            evaluate("mttr <= 5.0", values)


WORST = [
    "+".join(["tags"] * (MAX_SUMS + 1)) + " == tags",
    " || ".join(["tags == more"] * 124),
    "+".join(["stage"] * (MAX_SUMS + 1)) + " == stage",
    " || ".join([f"stage.contains('{'x' * 200}y')"] * 8),
    " || ".join(["'y' in tags"] * 120),
    "[" + ",".join(["tags"] * 120) + "] == [" + ",".join(["more"] * 120) + "]",
]


@pytest.mark.parametrize("source", WORST)
def test_the_worst_expressions_that_are_accepted_take_a_moment(source: str) -> None:
    facts = {"tags": FactType.LIST, "more": FactType.LIST, "stage": FactType.STRING}
    longest = ["x" * LONGEST_ITEM] * LONGEST_LIST
    values = {"tags": longest, "more": [*longest[:-1], "y"], "stage": "x" * LONGEST_TEXT}
    names = check(source, facts)

    started = time.perf_counter()
    evaluate(source, {name: values[name] for name in names})

    assert time.perf_counter() - started < 1  # measured: at most some 40 ms


def test_the_deepest_accepted_expression_fits_the_small_stack_of_a_thread() -> None:
    # 256 KiB: less than any platform gives a thread of ours; too deep would kill the process.
    program = """
import threading
from improvement_api.facts.expressions import MAX_TOKENS, check, evaluate
def run():
    for source in ("!" * (MAX_TOKENS - 1) + "true", "true" + "&&true" * ((MAX_TOKENS - 1) // 2)):
        check(source, {}); evaluate(source, {})
    print("done")
threading.stack_size(256 * 1024)
thread = threading.Thread(target=run); thread.start(); thread.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
