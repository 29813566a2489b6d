"""Tables of pulls."""
