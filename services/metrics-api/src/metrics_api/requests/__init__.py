"""Requests: what was asked for, how far it is, and the timings of its steps.

The catalog's own requests arrive as its events, under the built-in source `catalog`.
"""
