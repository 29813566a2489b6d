"""The demo: a small company's catalog, its incidents, targets and one plan, by the APIs."""
