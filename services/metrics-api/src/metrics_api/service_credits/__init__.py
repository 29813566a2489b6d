"""Service credits: what a provider owes under the guarantees of agreements, period by period."""
