"""Retirement plans: successor, customers to migrate, dates and readiness."""
