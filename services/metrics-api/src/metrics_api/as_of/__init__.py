"""As-of: what was known at a moment, laid out in temporary tables that the KPIs are read from."""
