"""Benefit realisation: the effect of initiatives on their KPIs, computed with its uncertainty."""
