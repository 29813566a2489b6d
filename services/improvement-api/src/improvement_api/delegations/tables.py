"""Tables of delegations."""
