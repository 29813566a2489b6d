"""Sums behind the KPIs of records: outages, surveys, changes, requests, problems.

A figure is made in one statement a KPI, straight from the end states of records: there are far
fewer of these than of incidents, so no sums of days are kept for them.
"""
