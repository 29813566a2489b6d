"""Audit: who changed what, when, on whose behalf, from what to what."""
