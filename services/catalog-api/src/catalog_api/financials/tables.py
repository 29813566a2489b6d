"""Financials: cost items, charging, consumption, TCO and unit cost; benchmarks beside them."""
