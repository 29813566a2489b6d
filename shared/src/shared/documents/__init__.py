"""Documents for people and machines, as pure functions of wire models."""
