"""Votes: the members of a board decide on an evaluation by quorum."""
