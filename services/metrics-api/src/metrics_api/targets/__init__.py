"""Targets (KPT): which value a KPI of a service shall reach, and when that holds.

A target is current in one row; every change of it is kept as a *target version*.
"""
