"""Customers: communities that use services, who speaks for them, and since when they use what.

A *representative* is a person who speaks for a customer. An *engagement* says from when to when a
customer uses a service; customer retention is computed from engagements.
"""
