"""Incidents: what a tool says (update), what is kept of it (version), what follows (end state).

An *update* is one record as a tool sent it; a *version* is a kept update; the *end state* is the
fold over all versions; a *transition* is one move from state to state found by that fold.
"""
