"""Tables of trends."""
