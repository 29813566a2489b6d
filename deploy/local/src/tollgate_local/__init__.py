"""Tollgate on one machine: embedded PostgreSQL, local identities, the supervisor of `make up`."""
