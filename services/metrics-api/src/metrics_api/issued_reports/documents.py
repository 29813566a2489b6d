"""The forms in which a report is issued: bytes that are stored, never made again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metrics_api.issued_reports.rules import MOST_BYTES, Document
from shared.errors import Invalid
from shared.kit.forms import Form


@dataclass(frozen=True)
class Draft:
    """A report of so many rows that is still to be written down in its three forms."""

    rows: int
    json: str
    csv: Callable[[], str]
    page: Callable[[], str]


def documents_of(draft: Draft) -> Sequence[Document]:
    """JSON, CSV and the page. Takes seconds for hundreds of rows: keep it off the event loop.

    Raises Invalid when one becomes too large to keep.
    """
    texts = {
        Form.JSON: ("application/json", draft.json),
        Form.CSV: ("text/csv; charset=utf-8; header=present", draft.csv()),
        Form.HTML: ("text/html; charset=utf-8", draft.page()),
    }
    made = [
        Document(form.value, media_type, text.encode())
        for form, (media_type, text) in texts.items()
    ]
    for each in made:
        if len(each.body) > MOST_BYTES:
            raise Invalid(
                f"Its {each.format} document would have {len(each.body):,} bytes, more than the"
                f" {MOST_BYTES:,} that are kept: ask for fewer periods or one portfolio",
                code="report_too_large",
                pointer="/parameters",
            )
    return made
