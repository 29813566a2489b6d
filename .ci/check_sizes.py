"""No file over 400 lines, no function with over 60 lines of code (its docstring not counted)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LIMIT = 400
FUNCTION_LIMIT = 60
EXEMPT = "/migrations/versions/"  # written once, read once


def main() -> int:
    """Print what is too long; the exit code is 1 when something is."""
    # fmt: off
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()
    # fmt: on
    files = [name for name in listed if EXEMPT not in name and (ROOT / name).exists()]
    problems = [problem for name in files for problem in _problems(name)]
    print("\n".join(problems))
    return 1 if problems else 0


def _problems(name: str) -> Iterator[str]:
    text = (ROOT / name).read_text()
    if (lines := len(text.splitlines())) > FILE_LIMIT:
        yield f"{name}: {lines} lines, {FILE_LIMIT} at most"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _code_lines(node)
            if length > FUNCTION_LIMIT:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines of code"


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    length = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        docstring = function.body[0]
        assert docstring.end_lineno is not None
        length -= docstring.end_lineno - docstring.lineno + 1
    return length


if __name__ == "__main__":
    sys.exit(main())
