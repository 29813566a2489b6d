"""The forms in which a performance report is issued: bytes that are stored, never made again."""

from collections.abc import Sequence

from metrics_api.issued_reports.rules import MOST_BYTES, Document
from metrics_api.reports.csv_table import as_csv
from metrics_api.reports.page import PageFacts, as_page
from shared.errors import Invalid
from shared.kit.forms import Form
from shared.schemas.metrics import PerformanceReport


def documents_of(report: PerformanceReport, facts: PageFacts) -> Sequence[Document]:
    """JSON, CSV and the page. Takes seconds for hundreds of rows: keep it off the event loop.

    Raises Invalid when one becomes too large to keep.
    """
    texts = {
        Form.JSON: ("application/json", report.model_dump_json()),
        Form.CSV: ("text/csv; charset=utf-8; header=present", as_csv(report, list(facts.periods))),
        Form.HTML: ("text/html; charset=utf-8", as_page(report, facts)),
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
                pointer="/parameters/periods",
            )
    return made
