#!/bin/sh
# Every check of `make lint`; all of them run, so that one reading shows everything.
cd "$(dirname "$0")/.." || exit 1
failed=
check() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        failed=yes
        echo "FAILED  $name"
        echo "$output"
    fi
}
check "ruff check" .venv/bin/python -m ruff check .
check "ruff format" .venv/bin/python -m ruff format --check .
check "mypy --strict" .venv/bin/python -m mypy
check "import-linter" .venv/bin/lint-imports --no-cache
check "locks" .venv/bin/python .ci/check_locks.py
check "sizes" .venv/bin/python .ci/check_sizes.py
[ -z "$failed" ]
