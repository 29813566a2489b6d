"""Typed HTTP clients, one per provider: they return shared.schemas and raise shared.errors."""
