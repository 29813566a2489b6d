"""Tables of votes."""
