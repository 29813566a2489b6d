"""Practice library: better and worst practices, linked to opportunities.

A *practice* describes what works (better) or what to avoid (worst) in one process. A service
*adopts* it, plans to, or says why it does not apply; to adopt a worst practice is to have made
sure that it does not happen. A practice retires, it is never deleted.
"""
