"""CEL expressions over facts: checked when saved, evaluated in bounded time.

Without comprehension macros an expression visits each of its nodes once, so its cost is bounded
by its size; the one operator that builds ever larger values, `+` on lists and texts, is limited in
number, regular expressions are not offered, and facts are limited in size (facts.rules). The worst
expression that passes these checks takes some tens of milliseconds, which a test measures. So a
thread is enough: a process of its own would cost each evaluation more than the worst expression.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cel

from improvement_api.facts.rules import FactType

MAX_BYTES = 2048
MAX_NESTING = 32
MAX_TOKENS = 500  # measured: twice as many overflow the 256 KiB stack of a thread under musl
MAX_SUMS = 20

MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "filter", "map", "has", "bind",
                    "transformList", "transformMap", "transformMapEntry", "sortBy"})  # fmt: skip
FUNCTIONS = frozenset({"size", "startsWith", "endsWith", "contains", "double", "int"})
_LITERALS = frozenset({"true", "false", "null", "in"})
# Raw and triple quoted texts are not offered: what CEL reads as text, the token scan must too.
_TRIPLE_QUOTES = ("'''", '"""')
_OPENING, _CLOSING = "([", ")]"
# What stands before and after a comparison that is a whole term.
_BEFORE = frozenset({"", "(", "[", ",", "?", ":", "&&", "||"})
_AFTER = frozenset({"", ")", "]", ",", "?", ":", "&&", "||"})

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<text>'(?:\\.|[^'\\\r\n])*'|"(?:\\.|[^"\\\r\n])*")
  | (?P<number>(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>&&|\|\||[=!<>]=|[-+*/%!<>?:.,()\[\]])
    """,
    re.VERBOSE,
)

# What the dry run gives each fact; an operation that fits no type of value fails on all of them.
_SAMPLES: tuple[Mapping[FactType, Any], ...] = (
    {
        FactType.NUMBER: 0.0,
        FactType.INTEGER: 0.0,
        FactType.BOOLEAN: False,
        FactType.STRING: "",
        FactType.LIST: [],
    },
    {
        FactType.NUMBER: 1.5,
        FactType.INTEGER: 2.0,
        FactType.BOOLEAN: True,
        FactType.STRING: "operate",
        FactType.LIST: ["service_owner", "sponsor"],
    },
)


class ExpressionError(Exception):
    """The expression cannot be saved; `line` and `column` (from 1) say where it is wrong."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.line = line
        self.column = column


class EvaluationError(Exception):
    """The expression erred on these facts; the message is one line."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def check(source: str, facts: Mapping[str, FactType]) -> list[str]:
    """The names of the facts that an expression uses; raises ExpressionError.

    It must be CEL of at most 2 kB without macros, name only facts of `facts`, and be boolean.
    """
    if len(source.encode(errors="replace")) > MAX_BYTES:
        raise ExpressionError(f"an expression has at most {MAX_BYTES} bytes")
    for quotes in _TRIPLE_QUOTES:
        if quotes in source:
            raise _at(source, source.index(quotes), "triple quotes are not offered")
    tokens = list(_tokens(source))
    _check_size(source, tokens)
    names = _check_names(source, tokens, facts)
    _check_equalities(source, tokens, facts)
    program = _compiled_or_refused(source)
    stray = set(program.variables()) - set(names)
    if stray:
        raise ExpressionError(f"{', '.join(sorted(stray))} cannot be used")
    _dry_run(program, {name: facts[name] for name in names})
    return names


def evaluate(source: str, values: Mapping[str, Any]) -> bool:
    """The value of a checked expression; raises EvaluationError."""
    try:
        result = _compiled(source).execute(dict(values))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the library is no Exception
        raise EvaluationError(_one_line(error)) from None
    if not isinstance(result, bool):
        raise EvaluationError(f"the result is not true or false but {type(result).__name__}")
    return result


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Any:
    return cel.compile(source)


def _tokens(source: str) -> Iterator[_Token]:
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            shown = source[position].encode("unicode_escape").decode()
            raise _at(source, position, f"{shown} is not understood here")
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found.group(), position)
        position = found.end()


def _check_size(source: str, tokens: list[_Token]) -> None:
    if len(tokens) > MAX_TOKENS:
        raise _at(source, tokens[MAX_TOKENS].at, f"more than {MAX_TOKENS} words and signs")
    depth = sums = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        sums += token.text == "+"
        if depth > MAX_NESTING:
            raise _at(source, token.at, f"nested deeper than {MAX_NESTING}")
        if sums > MAX_SUMS:
            raise _at(source, token.at, f"more than {MAX_SUMS} additions")


def _check_names(source: str, tokens: list[_Token], facts: Mapping[str, FactType]) -> list[str]:
    used = []
    for index, token in enumerate(tokens):
        if token.kind != "name" or token.text in _LITERALS:
            continue
        called = tokens[index + 1].text == "(" if index + 1 < len(tokens) else False
        selected = index > 0 and tokens[index - 1].text == "."
        fault = _name_fault(token.text, called, selected, facts)
        if fault is not None:
            raise _at(source, token.at, fault)
        if not called:
            used.append(token.text)
    return sorted(set(used))


def _name_fault(
    name: str, called: bool, selected: bool, facts: Mapping[str, FactType]
) -> str | None:
    if called and name in MACROS:
        return f"the macro {name}() is not allowed: its cost is not bounded"
    if called and name not in FUNCTIONS:
        return f"there is no function {name}(); there are {', '.join(sorted(FUNCTIONS))}"
    if not called and selected:
        return f"facts have no fields, so .{name} means nothing"
    if not called and name not in facts:
        return f"{name} is not in the fact catalog (GET /v1/facts)"
    return None


def _check_equalities(source: str, tokens: list[_Token], facts: Mapping[str, FactType]) -> None:
    """Refuse `owned != 'yes'`: CEL finds values of two types unequal, so it would always pass."""
    words = ["", *(token.text for token in tokens), ""]
    for index, token in enumerate(tokens[1:-1], start=1):
        around = (words[index - 1], words[index + 3])
        if token.text in {"==", "!="} and around[0] in _BEFORE and around[1] in _AFTER:
            types = [_type_of(tokens[at], facts) for at in (index - 1, index + 1)]
            if None not in types and types[0] != types[1]:
                reason = f"a {types[0]} and a {types[1]} are never equal"
                raise _at(source, tokens[index - 1].at, reason)


def _type_of(token: _Token, facts: Mapping[str, FactType]) -> str | None:
    """What a word stands for; None where only its place says it, and for null, which fits all."""
    if token.kind == "number" or facts.get(token.text) is FactType.INTEGER:
        return "number"
    if token.kind == "text":
        return "string"
    if token.text in {"true", "false"}:
        return "boolean"
    return facts.get(token.text)


def _compiled_or_refused(source: str) -> Any:
    try:
        return _compiled(source)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the library is no Exception
        faults = re.findall(r"<input>:(\d+):(\d+): ([^\n]*)", str(error))
        if not faults:
            raise ExpressionError(_one_line(error)) from None
        # What the parser could not complete stands before what it stumbled over.
        stumbles = [fault for fault in faults if fault[2].startswith("Syntax error")]
        line, column, reason = (stumbles or faults)[0]
        raise ExpressionError(reason[:300], int(line), int(column)) from None


def _dry_run(program: Any, facts: Mapping[str, FactType]) -> None:
    """CEL here has no type checker: run on two samples, refuse what fits no value of the types."""
    for sample in _SAMPLES:
        try:
            result = program.execute({name: sample[kind] for name, kind in facts.items()})
        except (ArithmeticError, LookupError):
            continue  # depends on the values: an outcome of the evaluation, no fault of the rule
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the library is no Exception
            hint = " (facts are doubles: write 1.0, not 1, in arithmetic)"
            raise ExpressionError(_one_line(error) + hint * bool(facts)) from None
        if not isinstance(result, bool):
            raise ExpressionError(f"the result must be true or false, not {type(result).__name__}")


def _at(source: str, position: int, reason: str) -> ExpressionError:
    before = source[:position]
    return ExpressionError(reason, before.count("\n") + 1, position - before.rfind("\n"))


def _one_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].split(". CEL does not")[0][:300]
