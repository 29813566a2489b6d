"""Issued reports: a report with all its rows, frozen as the bytes that were shown."""
