"""SLIs and SLOs: indicators, objectives, windows, error budgets."""
