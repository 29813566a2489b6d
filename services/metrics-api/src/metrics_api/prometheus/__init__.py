"""Queries to Prometheus servers that feed SLIs: each minute, where the last one ended.

A *server* is where to ask; what is asked stands in the SLI (`sources`). Answers become samples.
"""
