"""The demo's part of metrics-api beside its incidents."""
