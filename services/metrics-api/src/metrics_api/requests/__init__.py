"""Requests of the catalog: its events, as updates of request records of the source `catalog`."""
