"""Tables of breaches."""
