"""Tables of openslo."""
