"""The report on embedding as one HTML page, nothing to fetch."""

from improvement_api.embedding.schemas import EmbeddingReport
from shared.kit.pages import template_of


def as_page(report: EmbeddingReport) -> str:
    template = template_of("improvement_api.embedding", "embedding.html")
    return template.render(report=report, report_items=report.items)
