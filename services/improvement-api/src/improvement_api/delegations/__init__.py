"""Delegations: who may sign in the place of a holder of a role, for a time."""
