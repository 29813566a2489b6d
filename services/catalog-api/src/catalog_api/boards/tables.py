"""Boards: governance forums with members, quorum, cadence and decisions."""
