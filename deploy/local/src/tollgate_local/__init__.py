"""Tollgate on one machine: embedded PostgreSQL, local identities and the supervisor of `make up`."""
