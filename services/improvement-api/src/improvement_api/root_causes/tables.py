"""Tables of root causes."""
