"""Business cases: costs and benefits over time, and what they are worth today."""
