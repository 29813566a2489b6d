"""Continuity plans and their tests, checked along the supply chain."""
