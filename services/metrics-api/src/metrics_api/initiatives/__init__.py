"""Initiatives: improvement actions that improvement-api pushes here for the performance report."""
