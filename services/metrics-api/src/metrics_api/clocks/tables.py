"""Tables of clocks."""
