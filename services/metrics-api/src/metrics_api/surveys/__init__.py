"""Surveys: response rates, margins of error, comments."""
