"""Tables of success factors."""
