"""Touchpoints: where a customer meets a service."""
