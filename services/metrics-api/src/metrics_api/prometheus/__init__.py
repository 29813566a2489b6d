"""Queries to Prometheus servers that feed SLIs."""
