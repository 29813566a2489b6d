"""Alerts on burn rates, in several windows at once."""
