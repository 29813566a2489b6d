"""Sums behind the KPIs that are not counted from incidents."""
