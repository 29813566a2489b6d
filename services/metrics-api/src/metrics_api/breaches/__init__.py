"""Breaches: clocks that ran out, announced once each, in order."""
