"""The report on outcomes as one HTML page, nothing to fetch."""

from improvement_api.outcomes.schemas import OutcomesReport
from shared.kit.pages import template_of


def as_page(report: OutcomesReport) -> str:
    template = template_of("improvement_api.outcomes", "outcomes.html")
    return template.render(report=report, rows=report.items)
