"""Feedback: what customers say, gathered into themes, and the plan and requirement that answer."""
