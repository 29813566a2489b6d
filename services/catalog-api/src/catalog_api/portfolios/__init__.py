"""Portfolios: groups of services with a manager and a strategy, counted by phase."""
