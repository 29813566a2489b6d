"""Vendor products: vendor, contract, cost and end of life."""
