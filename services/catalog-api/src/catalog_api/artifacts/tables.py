"""Artifact register: the ten key artifacts of service management and their completeness."""
