"""Tables of goals."""
