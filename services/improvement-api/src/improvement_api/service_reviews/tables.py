"""Tables of service reviews."""
