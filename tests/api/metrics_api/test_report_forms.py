"""The forms of the performance report: JSON, CSV, a page."""

import csv
import re
from datetime import timedelta
from html.parser import HTMLParser
from io import StringIO

import pytest

from shared.kit.database import transaction
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.metrics import Metrics
from tests.support.reports import (
    ASKED,
    HOSTILE,
    Q1,
    Q2,
)


class TestForms:
    @pytest.fixture(autouse=True)
    async def hostile_names(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            await add_service(session, "network", name=HOSTILE)
            later = Q2 + timedelta(days=1)
            await store(session, [resolved_incident("network", at, 1) for at in (Q1, Q2, later)])

    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            ("application/json", "application/json"),
            ("*/*", "application/json"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
            ("text/csv;q=0.4, text/html;q=0.5", "text/html"),
            ("image/png", "application/json"),
        ],
    )
    async def test_the_accept_header_chooses_the_form(
        self, metrics: Metrics, accept: str, media_type: str
    ) -> None:
        headers = {"Accept": accept}
        reply = await metrics.http.get("/v1/reports/performance", params=ASKED, headers=headers)
        assert reply.headers["content-type"].startswith(media_type)
        assert reply.headers["vary"] == "Accept"

    async def test_format_stands_above_the_accept_header(self, metrics: Metrics) -> None:
        asked = ASKED | {"format": "csv"}
        headers = {"Accept": "text/html"}
        reply = await metrics.http.get("/v1/reports/performance", params=asked, headers=headers)
        assert reply.headers["content-type"].startswith("text/csv")

    async def test_a_csv_cell_is_never_a_formula(self, metrics: Metrics) -> None:
        asked = ASKED | {"format": "csv"}
        reply = await metrics.http.get("/v1/reports/performance", params=asked)
        (row,) = csv.DictReader(StringIO(reply.text))
        assert row["name"] == f"'{HOSTILE}"

    async def test_the_page_fetches_and_runs_nothing(self, metrics: Metrics) -> None:
        asked = ASKED | {"format": "html"}
        page = (await metrics.http.get("/v1/reports/performance", params=asked)).text
        found = References()
        found.feed(page)
        assert "svg" in found.tags
        assert not found.tags & {"script", "link", "iframe", "img", "image", "use", "object"}
        assert not found.attributes & {"href", "src", "xlink:href", "onload", "onclick"}
        assert "url(" not in page
        assert "@import" not in page
        # What is left of addresses is the service's own name, as text: whole, or short in a chart.
        assert not re.search(r"\w+://", re.sub(r"http://evil[.\w]*…?", "", page))


class References(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
