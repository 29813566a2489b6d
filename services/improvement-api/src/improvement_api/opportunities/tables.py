"""Tables of opportunities."""
