"""Boards: governance forums with members, quorum, cadence and decisions.

A *gate* is decided by at most one board per portfolio, and by at most one wherever no board is
named for the portfolio. A *voter* is the chair or a member; secretary and advisors do not vote.
A *decision* belongs to a meeting that was held and is recorded in person by the board's chair or
secretary, with each vote and a link to the evidence; it never changes. A board without quorum
decides nothing.
"""
