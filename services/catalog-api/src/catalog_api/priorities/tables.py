"""Priority schemes: impact × urgency → priority and its targets, versioned."""
