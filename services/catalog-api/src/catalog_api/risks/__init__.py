"""Risks: likelihood and impact, treatment, owner and review."""
