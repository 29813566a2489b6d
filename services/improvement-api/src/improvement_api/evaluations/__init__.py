"""Evaluations: what a gate's criteria said of a service at a moment, and which of them stands."""
