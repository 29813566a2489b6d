"""Touchpoints: where a customer meets services, by which channel and at which hours."""
