"""Financials: what a service costs with its providers, per unit, over time, and what it recovers.

Owns no table: it folds the figures of costs, charging, currencies and benchmarks.
"""
