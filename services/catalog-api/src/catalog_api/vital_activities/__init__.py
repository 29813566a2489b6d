"""Vital activities (VMA): what a customer must be able to do, and which services support it."""
