"""Corrections: maintenance windows that count neither for nor against an SLO."""
