"""The demo: two portfolios, their incidents, targets and one plan, loaded by the public APIs."""
