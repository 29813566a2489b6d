"""Tables of issued reports."""
