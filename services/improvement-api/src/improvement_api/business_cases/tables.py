"""Tables of business cases."""
