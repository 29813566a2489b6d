"""Tables of capabilities."""
