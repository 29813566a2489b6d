"""Tables of deployment protection."""
