"""Vendor candidates, scored against a strategy's requirements, and the selection."""
