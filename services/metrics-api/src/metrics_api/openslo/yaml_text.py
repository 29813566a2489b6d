"""YAML or JSON text into plain objects, and back. Pure.

No aliases: a few lines of them unfold to gigabytes. No stamps: a calendar's start has no offset and
stays the text it is. No key twice: the second would silently win.
"""

from collections.abc import Hashable
from typing import Any

import yaml

from shared.errors import BadRequest, TooLarge

TEXT_LIMIT = 1024 * 1024
_STAMP = "tag:yaml.org,2002:timestamp"
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """As safe_load, but for stamps and repeated keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {twice!r} stands there twice", node.start_mark
            )
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != _STAMP]
    for letter, resolvers in _Base.yaml_implicit_resolvers.items()
}


# Characters that end a line in YAML, and that it folds in any but the double-quoted style.
_LINE_ENDS = frozenset("\r\x85\u2028\u2029\ufeff")


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """As safe_dump, but without aliases, which are not taken in, and with no line end lost."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    style = '"' if _LINE_ENDS.intersection(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def objects_of(text: str) -> list[Any]:
    """The objects of a text: its documents, and of a document that is a list, the items.

    Raises TooLarge, or BadRequest with line and column where it is no YAML.
    """
    if len(text) > TEXT_LIMIT:
        raise TooLarge(f"The documents may have at most {TEXT_LIMIT} characters")
    try:
        _refuse_aliases(text)
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise BadRequest(
            f"The documents are no valid YAML: {_said(error)}", code="bad_yaml"
        ) from None
    found: list[Any] = []
    for document in documents:
        if document is not None:
            found += document if isinstance(document, list) else [document]
    return found


def _refuse_aliases(text: str) -> None:
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.composer.ComposerError(
                None, None, "aliases are not taken: write it out", event.start_mark
            )


def _said(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    return f"{problem[:200]}{place}"


def text_of(objects: list[dict[str, Any]]) -> str:
    """The objects as YAML documents, in the order of their keys as given."""
    return str(
        yaml.dump_all(
            objects,
            Dumper=_Dumper,
            explicit_start=True,
            sort_keys=False,
            allow_unicode=True,
            width=100,
        )
    )
