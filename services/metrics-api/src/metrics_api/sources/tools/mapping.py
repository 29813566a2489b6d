"""Field mappings: our field to a JMESPath expression into what the tool sends. Pure.

JMESPath and not CEL or a template: it only selects, cannot loop, and says where it is wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

LONGEST = 500


class BadExpression(ValueError):
    """An expression that does not compile; the message says where."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Compiled expressions by the name of the field that they fill."""

    expressions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.expressions)

    def found_in(self, root: object) -> Iterator[tuple[str, Any]]:
        """What each expression finds; one that cannot be applied to this body finds nothing."""
        for name, expression in self.expressions.items():
            try:
                found = expression.search(root)
            except (JMESPathError, ArithmeticError, LookupError, TypeError, ValueError):
                found = None
            except (AttributeError, RecursionError):
                found = None
            yield name, found


def compiled(expression: str) -> Any:
    """The expression, ready to search; BadExpression with the position where it is wrong."""
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        position = getattr(error, "lex_position", None)
        where = "" if position is None else f" at position {position}"
        words = str(error).splitlines()[0].rstrip(":")
        raise BadExpression(f"is no JMESPath expression{where}: {words}") from None
    except (RecursionError, ValueError, TypeError, AttributeError) as error:
        raise BadExpression(f"is no JMESPath expression: {error}") from None


def field_mapping(expressions: Mapping[str, str]) -> FieldMapping:
    """Of expressions that were checked when they were saved."""
    return FieldMapping({name: compiled(each) for name, each in expressions.items()})
