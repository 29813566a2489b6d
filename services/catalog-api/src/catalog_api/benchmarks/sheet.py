"""Benchmarks in the service document; how far the own figures are from them stands in `costs`."""

from catalog_api.benchmarks import queries, rules
from catalog_api.benchmarks.schemas import BenchmarkOut
from catalog_api.sheets import Section

SECTIONS = (
    Section(
        "benchmarks",
        "Figures of the industry that the service is set beside, newest first",
        list[BenchmarkOut],
        select=queries.section,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)
