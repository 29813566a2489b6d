"""Samples: measurements of SLIs that were pushed or queried."""
