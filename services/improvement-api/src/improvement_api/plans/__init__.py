"""Plans: improvement plans and their initiatives, which metrics-api shows in its reports."""
