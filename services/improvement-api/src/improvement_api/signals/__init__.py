"""Signals: what metrics-api told about services (breaches, targets, trends), each once."""
