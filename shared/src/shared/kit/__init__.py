"""Plumbing that knows no word of the domain: settings, app, auth, database, jobs, events."""
