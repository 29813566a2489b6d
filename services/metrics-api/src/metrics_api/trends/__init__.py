"""Trends: improving or degrading, and when a target will be crossed."""
