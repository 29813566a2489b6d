"""docs/tollgates.md says what the code says."""

import pytest

from shared.schemas.processes import Process
from tests.support.tollgates_document import FILE, document, facts_of


def test_the_document_is_as_the_code_says() -> None:
    assert FILE.read_text() == document(), (
        "write it anew: python -m tests.support.tollgates_document"
    )


@pytest.mark.parametrize("process", Process)
def test_each_process_has_a_row_with_at_least_two_automated_facts(process: Process) -> None:
    name = process.value.replace("_", " ").capitalize()
    (row,) = [line for line in document().splitlines() if line.startswith(f"| {name} |")]

    assert len(facts_of(process)) >= 2
    assert all(f"`{fact}`" in row for fact in facts_of(process))
    assert row.count(" | ") == 4
