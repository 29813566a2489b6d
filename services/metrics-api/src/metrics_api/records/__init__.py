"""Records of the kinds beside incidents: request, change, outage, survey, infrastructure event.

All kinds go one way: an *update* is one record as a tool sent it, a *version* is a kept update,
the *end state* is the fold over all versions, a *transition* is one move from state to state.
"""
