"""Benchmarks: figures of the industry with their source and date, set beside a service's own."""
