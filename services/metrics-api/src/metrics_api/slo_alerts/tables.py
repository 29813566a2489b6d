"""Tables of slo alerts."""
