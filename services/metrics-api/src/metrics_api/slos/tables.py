"""Tables of slos."""
