"""Capabilities: how mature each of the ten processes is, shown by evidence, and what it lacks."""
