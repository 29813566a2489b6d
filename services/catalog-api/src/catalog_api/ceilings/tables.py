"""Ceilings: the availability and recovery that dependencies allow, and exceptions."""
