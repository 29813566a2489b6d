"""Tables of prometheus."""
