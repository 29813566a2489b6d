"""Costs: the cost items of a service, running (opex) or amortised (capex), and what they come to.

An item is ended, never deleted; one that ends the day before it starts never counted.
"""
