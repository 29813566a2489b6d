"""The demo's records at metrics-api, beside its incidents."""
