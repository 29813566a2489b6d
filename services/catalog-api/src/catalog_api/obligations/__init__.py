"""Obligations: standards and regulations a service must meet, with their evidence."""
