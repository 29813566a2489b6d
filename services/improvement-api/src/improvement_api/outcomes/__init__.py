"""Outcomes: what improvement has brought, each figure with its formula and its n."""
