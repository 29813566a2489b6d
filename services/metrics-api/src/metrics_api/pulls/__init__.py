"""Pulls: reading tools that push nothing, with a cursor."""
