"""Tables of triggers."""
