"""Alembic migrations of metrics-api."""
