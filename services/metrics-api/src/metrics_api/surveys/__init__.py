"""Surveys: satisfaction by touchpoint, service or customer, with its margin of error; comments."""
