"""Decisions: signed statements that move a stage, their hash-chained log and their delivery."""
