"""Customers: communities, their representatives, and their engagement with services."""
